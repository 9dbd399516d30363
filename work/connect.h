/* SPDX-License-Identifier: MIT */
#ifndef WORK_CONNECT_H
#define WORK_CONNECT_H

#include <sys/socket.h>

enum belay__waiting { MAY_WAIT, NEVER_WAITS };

/* Clears or sets O_NONBLOCK, and no other flag of the open file. */
void belay__set_waiting(int fd, enum belay__waiting waiting);

/* connect(2) that does not wait: 0, -EINPROGRESS, or what went wrong. */
long belay__begin_to_connect(int fd, const struct sockaddr *address,
                             socklen_t length);

/* What became of it, once fd is writable: 0 or a negative errno. */
int belay__outcome(int fd);

#endif
