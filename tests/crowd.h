/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include "check.h"

#include "internal.h"

/* A parent whose children are of different families, each of the processor
   that the test says it is on: src/crowd.c. */

static _Thread_local unsigned cpu_now;

static inline unsigned fake_cpu(void)
{
    return cpu_now;
}

/* A context that has been contended often enough, in a tree of parent's. */
static inline struct cancel_ctx *make_crowded(const belay_ctx *parent)
{
    belay__seams.cpu = fake_cpu;
    struct cancel_ctx *ctx = (struct cancel_ctx *)belay_with_cancel(parent);
    for (int i = 0; i < 100 && !is_crowded(ctx); ++i)
        belay__make_crowd(ctx);
    CHECK(is_crowded(ctx));
    return ctx;
}

static inline belay_ctx *derive_on(unsigned cpu, struct cancel_ctx *parent)
{
    cpu_now = cpu;
    return belay_with_cancel(&parent->base);
}

#endif
