/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LANES_H
#define DEMO_LANES_H

/*
 * What happened to each request, and when: the rows of the picture, and the
 * processor time that was spent for clients who had left.
 */

#include "wish.h"

#include <belay/belay.h>

#include <pthread.h>
#include <time.h>

enum { LANES = 512, LATENCIES = 512 };

/* Instants are 0 as long as they have not come. */
struct lane {
    struct lanes *lanes;
    unsigned id; /* 0: never used */
    struct wish wish;
    clockid_t cpu_clock; /* of the thread that handles it, until it is done */
    belay_time began;
    belay_time ended;   /* its context */
    belay_time left;    /* its client */
    belay_time stopped; /* its query */
    belay_time done;
    int64_t cpu_left;   /* its thread's, when the client left ... */
    int64_t cpu_nobody; /* ... and from then to the end of the query */
    int err;            /* of the context */
    int status;         /* of the reply; 0: nobody was there to have it */
    char cause[200];
    const belay_ctx *ctx; /* until it is done */
};

struct tally {
    int64_t cpu_nobody; /* ns, queries still running included */
    unsigned jobs;      /* whose client left */
};

struct lanes {
    pthread_mutex_t lock; /* of all below, and of what lanes contain */
    unsigned last_id;
    struct tally off, on;
    belay_duration latency[LATENCIES]; /* from the end to the stop */
    unsigned latencies;                /* the last so many of them count */
    struct lane lane[LANES];
};

void lanes_start(struct lanes *lanes);

/* On the thread of the handler.  NULL: all are in use. */
struct lane *lane_open(struct lanes *lanes, const struct wish *wish);
void lane_follow(struct lane *lane, const belay_ctx *ctx,
                 struct belay_watch *watch);
void lane_client_left(struct lane *lane);
void lane_query_stopped(struct lane *lane, int err);
bool lane_has_client(struct lane *lane);
void lane_close(struct lane *lane, struct belay_watch *watch, int status);

/* Copies of what is there; the newest first.  Returns how many. */
int lanes_newest(struct lanes *lanes, struct lane *ret_lanes, int most);
struct tally lanes_tally(struct lanes *lanes, bool with_context);

/* Returns the latency that `percent` of the stops did not exceed; 0: none. */
belay_duration lanes_latency(struct lanes *lanes, unsigned percent);

#endif
