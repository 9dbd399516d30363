/* SPDX-License-Identifier: MIT */
#ifndef DEMO_STORM_H
#define DEMO_STORM_H

/*
 * Clients that do not wait for their answer.  They come from here, for a
 * browser keeps to six connections to one server, and kills nobody.
 */

#include "wish.h"

#include <belay/belay.h>

#include <pthread.h>
#include <stdatomic.h>

enum { STORM_CLIENTS = 50, STORM_WORK_MS = 500 };

enum weather {
    WEATHER_STORM, /* fifty at once, who all leave at once */
    WEATHER_CURL   /* a real curl, killed with SIGKILL */
};

struct storm {
    pthread_t thread;
    bool has_thread; /* not joined yet */
    atomic_bool is_on;
    belay_ctx *ctx;
    int port;
    struct wish wish;
};

/* 0; -EBUSY: there is one; or another negative errno. */
int storm_start(struct storm *storm, enum weather weather, const belay_ctx *ctx,
                int port, const struct wish *wish);

/* Waits until it is over: soon, if its context has ended. */
void storm_stop(struct storm *storm);

/* What the curl is where none is installed: asks, and waits.  An exit code. */
int storm_visit(const char *port, const char *path);

#endif
