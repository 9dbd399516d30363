/* SPDX-License-Identifier: MIT */
#ifndef DEMO_CLIENT_H
#define DEMO_CLIENT_H

/* A client of our own server, over a real socket. */

#include <belay/belay.h>

/* Returns a connected descriptor, or a negative errno. */
int client_connect(int port);

/* Sends the head of a request: "GET /query?work=1000". */
int client_ask(int fd, const char *what);

/*
 * Reads until the server closes, ctx ends or data is full; terminated.
 * Returns the status of the reply, or a negative errno.
 */
int client_read(const belay_ctx *ctx, int fd, char *data, size_t size);

#endif
