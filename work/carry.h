/* SPDX-License-Identifier: MIT */
#ifndef WORK_CARRY_H
#define WORK_CARRY_H

#include <belay/belay.h>

/*
 * How this layer makes a context with a part of its own:
 *
 *     parent <- inner <- a value, which is the part <- what the caller gets
 *
 * The part owns `inner`, by which it can end the rest.  Its destructor runs
 * after the last reference to what the caller got, and nothing that belongs to
 * the part may use that: it can be gone while a watch of the part is told.
 */

/* The part passes to the result, or is destroyed with inner. */
static inline belay_ctx *belay__carry(const belay_ctx *inner,
                                      const struct belay_key *key, void *part,
                                      const char *where)
{
    belay_ctx *value = belay_with_value_at(inner, key, part, where);
    belay_ctx *ctx = belay_with_cancel_at(value, where);
    belay_end_at(value, where);
    return ctx;
}

/* What a maker returns when it has no memory for the part. */
static inline belay_ctx *belay__refused(const belay_ctx *parent,
                                        const char *where)
{
    belay_ctx *ctx = belay_with_cancel_at(parent, where);
    belay_cancel_cause_at(ctx, where, -ENOMEM, NULL);
    return ctx;
}

/* An instant, never beyond BELAY_FOREVER. */
static inline belay_time belay__later(belay_time from, belay_duration by)
{
    return by >= BELAY_FOREVER - from ? BELAY_FOREVER : from + by;
}

#endif
