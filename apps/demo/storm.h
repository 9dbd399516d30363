/* SPDX-License-Identifier: MIT */
#ifndef DEMO_STORM_H
#define DEMO_STORM_H

/*
 * Twenty clients at once, who all leave before they have their answer.  They
 * come from here, for a browser keeps to six connections to one server.
 */

#include "wish.h"

#include <belay/belay.h>

#include <pthread.h>
#include <stdatomic.h>

enum { STORM_CLIENTS = 20 };

struct storm {
    pthread_t thread;
    bool has_thread; /* not joined yet */
    atomic_bool is_on;
    belay_ctx *ctx;
    int port;
    struct wish wish;
};

/* 0; -EBUSY: there is one; or another negative errno. */
int storm_start(struct storm *storm, const belay_ctx *ctx, int port,
                const struct wish *wish);

/* Waits until it is over: soon, if its context has ended. */
void storm_stop(struct storm *storm);

#endif
