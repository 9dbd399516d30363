/* SPDX-License-Identifier: MIT */
#ifndef TESTS_JOBS_H
#define TESTS_JOBS_H

#include "check.h"

#include <belay/group.h>

/* Jobs for groups: one that waits at a gate, and one that counts. */

struct gate {
    sem_t entered;
    sem_t leave;
};

static inline void make_gate(struct gate *gate)
{
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->leave, 0, 0);
}

static inline int pass(const belay_ctx *ctx, void *arg)
{
    struct gate *gate = arg;
    (void)ctx;
    sem_post(&gate->entered);
    await(&gate->leave);
    return 0;
}

static inline int count(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

#endif
