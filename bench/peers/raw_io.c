/* SPDX-License-Identifier: MIT */

/* The floor for reading and for being stopped: the system call alone. */

#define PEER "raw"
#include "../bench.h"
#include "../questions/wake.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

static long read_byte(int fd, char *buffer)
{
    return read(fd, buffer, 1);
}

static long receive_byte(int fd, char *buffer)
{
    return recv(fd, buffer, 1, MSG_DONTWAIT);
}

#include "../questions/read.h"

/* --- A thread that reads an event descriptor, and one that writes it ------ */

static int event;

static void set_event(void)
{
    event = eventfd(0, EFD_CLOEXEC);
}

static void read_event(void)
{
    uint64_t value;
    if (read(event, &value, sizeof value) != sizeof value)
        abort();
}

static void write_event(void)
{
    uint64_t one = 1;
    if (write(event, &one, sizeof one) != sizeof one)
        abort();
}

static void clear_event(void)
{
    close(event);
}

static void ask_stop(size_t tries)
{
    static const struct sleeper sleeper = {"s16.event", set_event, read_event,
                                           write_event, clear_event};
    ask_sleeper(&sleeper, tries);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s15", ask_read, 2000000},
        {"s16.event", ask_stop, 2000},
    };
    return ANSWER(argc, argv, "raw limits, gcc " __VERSION__, questions);
}
