/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SOCKETS_H
#define TESTS_SOCKETS_H

/* Two ends of a connection, and the ways in which the other one goes. */

#include "check.h"

#include <belay/peer.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct ends {
    int ours, theirs;
};

/* Listens on the loopback, at a port that is then in *address. */
static inline int listen_somewhere(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)address, size) == 0);
    CHECK(listen(listener, SOMAXCONN) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)address, &size) == 0);
    return listener;
}

static inline int connect_to(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0);
    return fd;
}

/* The number of `ours` is the lowest that is free. */
static inline struct ends tcp_ends(void)
{
    struct sockaddr_in address;
    struct ends ends;
    int lowest = dup(STDIN_FILENO);
    int listener = listen_somewhere(&address);
    ends.theirs = connect_to(&address);
    close(lowest);
    ends.ours = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(ends.ours == lowest);
    close(listener);
    return ends;
}

static inline struct ends unix_ends(void)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    return (struct ends){fds[0], fds[1]};
}

static inline void close_ends(struct ends ends)
{
    close(ends.ours);
    if (ends.theirs >= 0)
        close(ends.theirs);
}

static inline void hang_up(struct ends *ends)
{
    close(ends->theirs);
    ends->theirs = -1;
}

/* Closes without a FIN: the other side gets an RST. */
static inline void break_off(struct ends *ends)
{
    struct linger at_once = {1, 0};
    CHECK(setsockopt(ends->theirs, SOL_SOCKET, SO_LINGER, &at_once,
                     sizeof at_once) == 0);
    hang_up(ends);
}

static inline void send_no_more(struct ends *ends)
{
    CHECK(shutdown(ends->theirs, SHUT_WR) == 0);
}

/* Nothing reaches them any more, and so nothing answers. */
static inline void fall_silent(struct ends *ends)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {1, &drop};
    CHECK(setsockopt(ends->theirs, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                     sizeof program) == 0);
}

static inline int code_of(const belay_ctx *ctx)
{
    const struct belay_cause *cause = belay_cause(ctx);
    return cause != NULL ? cause->code : 0;
}

/* What happened to other sockets before has been told when this returns. */
static inline void let_the_watcher_catch_up(void)
{
    struct ends ends = unix_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    hang_up(&ends);
    belay_wait(ctx);
    belay_end(ctx);
    close_ends(ends);
}

#endif
