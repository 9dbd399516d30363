/* SPDX-License-Identifier: MIT */
#ifndef PROVE_WORLD_H
#define PROVE_WORLD_H

/*
 * What a run has made, and what must be true of it.
 *
 * Of a context it holds, the world knows the memory is there.  Who makes a call
 * pins the context first: so long, the last hold on it is not given up.
 */

#include "schedule.h"

#include "internal.h"

enum { NODES = 20, WATCHES = 8, AFTERS = 8, INSIDE = 3 };

/* Something that a thread does; a and b say with what. */
struct op {
    char verb;
    unsigned char number; /* in its run */
    unsigned a, b;
    char inside[INSIDE]; /* what a function does that this one registers */
};

struct node {
    belay_ctx *ctx;
    struct node *parent;
    bool can_end;
    bool is_detached;
    bool is_owned; /* not given back yet */
    int refs;
    int pins;
    int fd; /* -1: not asked for */
    int wins;
    /* As the world has seen it end. */
    int err;
    struct belay_cause cause;
    const struct belay_cause *cause_at;
};

struct watch {
    struct belay_watch *memory;
    struct node *node;
    bool is_registered; /* neither told nor taken back yet */
    unsigned turn;      /* of its registrations */
    unsigned in_call;   /* the turn of which fn runs; 0: none */
    int pins;
    bool is_entering; /* a thread is registering it */
    struct op op;
};

struct after {
    struct belay_after *handle;
    struct node *node;
    bool is_used, is_given, is_prevented, is_running, has_run;
    struct op op;
};

/* A function that is being told, and the one it was told from. */
struct frame {
    struct watch *watch;
    unsigned turn;
    unsigned bound; /* it may wait for the watches below */
    struct frame *outer;
};

struct world {
    struct node nodes[NODES];
    unsigned node_count;
    struct watch watches[WATCHES];
    struct after afters[AFTERS];
    struct node *waits_on[32]; /* by thread */
    struct frame *telling[32]; /* by thread: the innermost */
    struct after *running[32]; /* by thread */
    unsigned destroyed, to_destroy;
    int driver; /* the thread that drives the clock, or -1 */
    int driver_fd;
    bool is_undriven; /* nobody does */
};
extern struct world world;

void world_reset(void);
void world_look(void); /* at each step */

/* Raw: 0, ENDING or the error of what ctx shares its end with. */
int end_of(const struct node *node);
struct node *ender_of(struct node *node);
bool is_held(const struct node *node);
bool is_below(const struct node *node, const struct node *above);
struct node *pick(unsigned a); /* one that is held, or NULL */
struct node *add_node(belay_ctx *ctx, struct node *parent);
void pin(struct node *node);
void unpin(struct node *node);
const char *place_of(const struct op *op);

/* --- Arms: what a race has come to --------------------------------------- */

#define ARMS(X) \
    X(taken_back_live) \
    X(taken_back_marked) \
    X(taken_back_never_ending) \
    X(told_before) \
    X(told_while_awaited) \
    X(told_inside) \
    X(inside_awaited) \
    X(try_taken_live) \
    X(try_taken_marked) \
    X(try_told) \
    X(try_busy) \
    X(watch_too_late) \
    X(watch_lost_race) \
    X(watch_reused_inside) \
    X(watch_freed_inside) \
    X(told_by_clock) \
    X(two_awaited) \
    X(linked) \
    X(born_ended) \
    X(born_ended_in_race) \
    X(linked_in_crowd) \
    X(born_ended_in_crowd) \
    X(crowd_ended) \
    X(derived_refused) \
    X(canceled) \
    X(cancel_lost_before) \
    X(cancel_lost_in_race) \
    X(cancel_met_ending) \
    X(canceled_inside) \
    X(ended_live) \
    X(ended_ended) \
    X(ended_while_held) \
    X(unref_last) \
    X(unref_last_inside) \
    X(asked_while_ending) \
    X(wait_at_once) \
    X(wait_woken) \
    X(wait_met) \
    X(sleep_full) \
    X(sleep_ended) \
    X(poll_ended) \
    X(poll_timed_out) \
    X(poll_ready) \
    X(deadline_won) \
    X(deadline_lost) \
    X(deadline_born_past) \
    X(clock_taken_over) \
    X(fd_live) \
    X(fd_ended) \
    X(fd_made_in_race) \
    X(fd_refused) \
    X(stop_prevented) \
    X(stop_too_late) \
    X(stop_before_run) \
    X(join_prevented) \
    X(join_waited) \
    X(join_after) \
    X(join_inside) \
    X(after_at_once) \
    X(after_refused)

#define ARM_NAME(name) ARM_##name,
enum arm { ARMS(ARM_NAME) ARM_COUNT };
extern uint64_t *arms; /* ARM_COUNT of them */
#define HIT(name) (++arms[ARM_##name])

#endif
