/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

/*
 * The HTTP server: a thread for each connection, and a context for each
 * request, below the one of the server.
 */

#include "gate.h"
#include "lanes.h"
#include "storm.h"

#include <belay/belay.h>

struct server {
    struct MHD_Daemon *daemon;
    int port;
    belay_ctx *ctx; /* what all requests stand below */
    belay_ctx
        *showing; /* the pages' streams of events; outlasts the requests */
    struct gate gate;
    struct storm storm;
    struct lanes lanes;
};

/* What became of the requests that were inside when the server was stopped. */
struct farewell {
    int finished;
    int canceled;
    int left; /* still running: they have no context */
};

/* Listens at port, or at the next free one.  0, or a negative errno. */
int server_start(struct server *server, int port);

/*
 * Lets nobody in, waits for up to `grace`, then cancels what is inside.  A
 * readable `hurry` (-1: none) ends the grace.  With anything left, the server
 * stays as it is: its threads cannot be joined.
 */
struct farewell server_stop(struct server *server, belay_duration grace,
                            int hurry);

#endif
