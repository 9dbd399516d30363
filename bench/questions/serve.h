/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

/*
 * h2: how many requests a second a server answers on one processor, its client
 * being on another: one thread with CONNECTIONS kept open, and one request at a
 * time on each.  And from the client's close() until the handler knows.
 */

#include "../bench.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

enum { CONNECTIONS = 16 };

static const char asking[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int at_once = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) {
        perror("bench: connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    return fd;
}

static void ask_once(int fd)
{
    if (send(fd, asking, sizeof asking - 1, MSG_NOSIGNAL) < 0) {
        perror("bench: send");
        exit(1);
    }
}

/* All of a reply comes in one piece: it is short. */
static void take_reply(int fd)
{
    char reply[2048];
    ssize_t length = recv(fd, reply, sizeof reply, 0);
    if (length < 12 || memcmp(reply + 9, "200", 3) != 0) {
        fprintf(stderr, "bench: not a reply\n");
        exit(1);
    }
}

static double requests_per_second(int port, int64_t duration)
{
    struct pollfd polled[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; ++i) {
        polled[i] = (struct pollfd){connect_to(port), POLLIN, 0};
        ask_once(polled[i].fd);
    }
    long count = 0;
    int64_t begin = wall_ns();
    while (wall_ns() - begin < duration) {
        poll(polled, CONNECTIONS, -1);
        for (int i = 0; i < CONNECTIONS; ++i) {
            if (polled[i].revents == 0)
                continue;
            take_reply(polled[i].fd);
            ask_once(polled[i].fd);
            ++count;
        }
    }
    double seconds = (double)(wall_ns() - begin) / 1e9;
    for (int i = 0; i < CONNECTIONS; ++i)
        close(polled[i].fd);
    return (double)count / seconds;
}

#endif
