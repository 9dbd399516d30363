/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

/*
 * The HTTP server: a thread for each connection, and a context for each
 * request, which ends with its client, and with the server.
 */

#include "gate.h"
#include "lanes.h"
#include "storm.h"
#include "tier.h"

#include <belay/mhd.h>
#include <belay/sync.h>

#include <stdio.h>

struct server {
    struct belay_mhd *http;
    int port;
    belay_ctx *running; /* of the storms; ends with the server */
    belay_ctx *showing; /* of the pages' events; outlasts the requests */
    struct belay_watch last_request; /* after which nothing is shown */
    struct tier tier;
    struct belay_semaphore room; /* for requests at work */
    FILE *log;                   /* NULL: none */
    struct gate gate;
    struct storm storm;
    struct storm curl;
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
 * Lets nobody in, waits until `grace` ends, then cancels what is inside.  With
 * anything left, the server stays as it is: its threads cannot be joined.
 */
struct farewell server_stop(const belay_ctx *grace, struct server *server);

#endif
