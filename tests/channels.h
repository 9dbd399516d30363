/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CHANNELS_H
#define TESTS_CHANNELS_H

#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

/* What bytes go into at one end, and come out of at the other. */
struct channel {
    int in;
    int out;
};

static inline struct channel open_pipe(void)
{
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    return (struct channel){fds[1], fds[0]};
}

static inline struct channel open_nonblocking_pipe(void)
{
    int fds[2];
    CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
    return (struct channel){fds[1], fds[0]};
}

static inline struct channel open_socket(void)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    return (struct channel){fds[1], fds[0]};
}

static inline struct channel open_nonblocking_socket(void)
{
    int fds[2];
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    CHECK(socketpair(AF_UNIX, type, 0, fds) == 0);
    return (struct channel){fds[1], fds[0]};
}

static inline struct channel open_fifo(void)
{
    char directory[] = "/tmp/belay-fifo-XXXXXX";
    char path[64];
    CHECK(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/fifo", directory);
    CHECK(mkfifo(path, 0600) == 0);
    int holder = open(path, O_RDWR | O_CLOEXEC);
    struct channel channel = {open(path, O_WRONLY | O_CLOEXEC),
                              open(path, O_RDONLY | O_CLOEXEC)};
    CHECK(holder >= 0 && channel.in >= 0 && channel.out >= 0);
    close(holder);
    unlink(path);
    rmdir(directory);
    return channel;
}

/* From the program in the terminal to whoever has the other side. */
static inline struct channel open_terminal(void)
{
    struct termios raw;
    struct channel channel;
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    CHECK(openpty(&channel.out, &channel.in, NULL, &raw, NULL) == 0);
    return channel;
}

/* The other way: what is typed, for the program. */
static inline struct channel open_keyboard(void)
{
    struct channel terminal = open_terminal();
    return (struct channel){terminal.out, terminal.in};
}

static struct channel (*const kinds_of_channel[])(void) = {
    open_pipe, open_nonblocking_pipe, open_socket,  open_nonblocking_socket,
    open_fifo, open_terminal,         open_keyboard};

static inline void close_channel(struct channel channel)
{
    close(channel.in);
    close(channel.out);
}

/* Returns when nothing more can be written. */
static inline void await_full(int fd)
{
    struct pollfd asked = {fd, POLLOUT, 0};
    while (poll(&asked, 1, 0) != 0)
        sched_yield();
}

/* --- TCP on this machine -------------------------------------------------- */

static inline int listen_here(struct sockaddr_in *ret_address, int backlog)
{
    socklen_t size = sizeof *ret_address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)ret_address, size) == 0);
    CHECK(listen(fd, backlog) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)ret_address, &size) == 0);
    return fd;
}

static inline int call_up(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0);
    return fd;
}

/* A listener that lets nobody in: its queue is full. */
struct closed_door {
    struct sockaddr_in address;
    int listener;
    int visitor;
};

static inline struct closed_door close_door(void)
{
    struct closed_door door;
    door.listener = listen_here(&door.address, 0);
    door.visitor = call_up(&door.address);
    return door;
}

static inline void tear_down(struct closed_door door)
{
    close(door.visitor);
    close(door.listener);
}

#endif
