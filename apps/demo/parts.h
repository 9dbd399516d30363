/* SPDX-License-Identifier: MIT */
#ifndef DEMO_PARTS_H
#define DEMO_PARTS_H

/* A request's parts, at once: the first that fails cancels the others. */

#include "lanes.h"
#include "query.h"

#include <belay/belay.h>
#include <belay/sync.h>

/* What a part works on, and with. */
struct job {
    struct lane *lane;
    struct belay_semaphore *room; /* for so many requests at a time */
    int port;                     /* of tier 2 */
    struct answer answer;
};

/* Waits for room.  Returns 0, or the failure that came first. */
int parts_run(const belay_ctx *ctx, struct job *job);

/* The parts, one by one.  Soon over, once ctx has ended. */
int part_of_database(const belay_ctx *ctx, void *job);
int part_of_hop(const belay_ctx *ctx, void *job);
int part_of_child(const belay_ctx *ctx, void *job);

#endif
