/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LANES_H
#define DEMO_LANES_H

/*
 * What happened to each request and to its parts, and when: the rows of the
 * picture, and the processor time that was spent for clients who had left.
 */

#include "wish.h"

#include <belay/belay.h>

#include <pthread.h>
#include <time.h>

enum { LANES = 512, LATENCIES = 512 };

/* What works for a request, all at once. */
enum kind { DATABASE, HOP, CHILD, PARTS };

/* Instants are 0 as long as they have not come. */
struct part {
    belay_time began;
    belay_time told; /* when its own context ended: tier 2 has one */
    belay_time stopped;
    belay_duration given; /* the time it was told to have; 0: no limit */
    clockid_t clock;      /* of its thread or process, while it works */
    bool is_working;
    int64_t cpu_began;
    int64_t cpu;        /* since then */
    int64_t cpu_left;   /* what that was when the client left ... */
    int64_t cpu_nobody; /* ... and what has come since */
    int err;
};

struct lane {
    struct lanes *lanes;
    unsigned id; /* 0: never used */
    struct wish wish;
    char client[16];
    belay_time began;
    belay_time ended; /* its context */
    belay_time left;  /* its client */
    belay_time done;
    belay_duration remaining; /* of its context; in copies */
    int err;                  /* of the context */
    int status;               /* of the reply; 499: nobody was there for it */
    int code;                 /* of the cause */
    char cause[200];
    struct part part[PARTS];
    const belay_ctx *ctx; /* until it is done */
    int users;            /* who else holds it: tier 2 */
};

struct tally {
    int64_t cpu_nobody; /* ns, of parts still at work, too */
    unsigned clients;   /* who have left */
    unsigned jobs;      /* parts that work for them now */
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
void lanes_stop(struct lanes *lanes);

/* --- One lane ------------------------------------------------------------ */

/* NULL: all are in use. */
struct lane *lane_open(struct lanes *lanes, const struct wish *wish,
                       const char *client);
void lane_follow(struct lane *lane, const belay_ctx *ctx,
                 struct belay_watch *watch);
void lane_client_left(struct lane *lane, belay_time when);
void lane_close(struct lane *lane, struct belay_watch *watch, int status);

/* One that is open, to be given back; or NULL. */
struct lane *lane_find(struct lanes *lanes, unsigned id);
void lane_release(struct lane *lane);

/* --- Its parts ----------------------------------------------------------- */

/* False: it has been given up before it could begin. */
bool part_begin(struct lane *lane, enum kind kind, clockid_t clock,
                belay_duration given);
void part_told(struct lane *lane, enum kind kind, belay_time when);

/* With the processor time it took in all; negative: what its clock says. */
void part_stop(struct lane *lane, enum kind kind, int err, int64_t cpu);

/* If it has not begun, it never will. */
void part_give_up(struct lane *lane, enum kind kind, int err);

/* For the lanes' own use, under their lock. */
int64_t part_cpu(const struct part *part);
void part_look(struct part *part, bool has_client);

/* --- All of them --------------------------------------------------------- */

/* Copies of what is there; the newest first.  Returns how many. */
int lanes_newest(struct lanes *lanes, struct lane *ret_lanes, int most);
bool lanes_copy(struct lanes *lanes, unsigned id, struct lane *ret_lane);
struct tally lanes_tally(struct lanes *lanes, bool with_context);

/* Returns the latency that `percent` of the stops did not exceed; 0: none. */
belay_duration lanes_latency(struct lanes *lanes, unsigned percent);

#endif
