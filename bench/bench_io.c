/* SPDX-License-Identifier: MIT */

/*
 * s15: reading what is there; s16: from the cancel until a blocked call has
 * returned, on another thread.
 */

#include "belay_node.h"
#include "questions/wake.h"

#include <belay/io.h>

#include <netinet/in.h>

static belay_ctx *ctx;

/* --- Reading -------------------------------------------------------------- */

static long read_byte(int fd, char *buffer)
{
    return belay_read(ctx, fd, buffer, 1);
}

static long receive_byte(int fd, char *buffer)
{
    return belay_recv(ctx, fd, buffer, 1, 0);
}

#include "questions/read.h"

static void ask_read_with_context(size_t n)
{
    ctx = belay_with_cancel(NULL);
    ask_read(n);
    belay_end(ctx);
}

/* --- Stopping ------------------------------------------------------------- */

static int empty[2];
static int listener;
static int visitor;
static int caller;
static struct sockaddr_in address;

static void set(void)
{
    ctx = belay_with_cancel(NULL);
}

static void block_in_read(void)
{
    char byte;
    if (belay_read(ctx, empty[0], &byte, 1) != BELAY_CANCELED)
        abort();
}

static void block_in_accept(void)
{
    if (belay_accept(ctx, listener, NULL, NULL, 0) != BELAY_CANCELED)
        abort();
}

static void set_caller(void)
{
    set();
    caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* The listener's queue is full. */
static void block_in_connect(void)
{
    if (belay_connect(ctx, caller, (struct sockaddr *)&address,
                      sizeof address) != BELAY_CANCELED)
        abort();
}

static void stop(void)
{
    belay_cancel(ctx);
}

static void clear(void)
{
    belay_end(ctx);
}

static void clear_caller(void)
{
    close(caller);
    clear();
}

static void listen_to(int backlog)
{
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, backlog) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        abort();
}

static void ask_stop_read(size_t tries)
{
    static const struct sleeper sleeper = {"s16.stop.read", set, block_in_read,
                                           stop, clear};
    if (pipe(empty) != 0)
        abort();
    ask_sleeper(&sleeper, tries);
}

static void ask_stop_accept(size_t tries)
{
    static const struct sleeper sleeper = {"s16.stop.accept", set,
                                           block_in_accept, stop, clear};
    listen_to(8);
    ask_sleeper(&sleeper, tries);
}

static void ask_stop_connect(size_t tries)
{
    static const struct sleeper sleeper = {
        "s16.stop.connect", set_caller, block_in_connect, stop, clear_caller};
    listen_to(0);
    visitor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(visitor, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    ask_sleeper(&sleeper, tries);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s15", ask_read_with_context, 2000000},
        {"s16.stop.read", ask_stop_read, 2000},
        {"s16.stop.accept", ask_stop_accept, 2000},
        {"s16.stop.connect", ask_stop_connect, 2000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
