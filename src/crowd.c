/* SPDX-License-Identifier: MIT */

/*
 * Crowds: a parent that many processors derive from at once, as a server does
 * for each request.
 *
 * Its lock would pass from one to the other for each child.  So once it has
 * been contended often enough, it gets a list of children for each of the
 * CROWDS families, and a new child is of the family of the processor that
 * makes it: there it is listed, counted, ended and given back, with nobody
 * else near.  What is derived from the child is of its family.
 *
 * Whoever marks the parent takes all those locks, in their order, so that
 * under any one of them the parent is either live or marked with its subtree.
 *
 * References to the parent are counted in the crowd while it is live: only
 * their sum means something, and it cannot be zero before the parent ends.
 */

#include "internal.h"

#include <string.h>

struct crowd *belay__untold;

void belay__lock_crowds(void)
{
    for (unsigned i = TREES; i < FAMILIES; ++i)
        lock(&belay__families[i].locked);
}

void belay__unlock_crowds(void)
{
    for (unsigned i = FAMILIES; i-- > TREES;)
        unlock(&belay__families[i].locked);
}

/* Counts one more contention; true when there have been enough. */
static bool is_crowding(struct cancel_ctx *ctx)
{
    enum { ENOUGH = 32 };
    unsigned char times =
        atomic_load_explicit(&ctx->crowding, memory_order_relaxed);
    if (times == CROWDED)
        return false;
    if (times < ENOUGH)
        atomic_store_explicit(&ctx->crowding, (unsigned char)(times + 1),
                              memory_order_relaxed);
    return times + 1 >= ENOUGH;
}

void belay__make_crowd(struct cancel_ctx *ctx)
{
    atomic_uint *locked = &family_of(ctx)->locked;
    lock(locked);
    bool is_due = state_of(&ctx->base) == LIVE && is_crowding(ctx);
    unlock(locked);
    if (!is_due)
        return;

    struct crowd *crowd = OS(allocate)(sizeof *crowd);
    if (crowd == NULL)
        return; /* it stays crowded, and right */
    memset(crowd, 0, sizeof *crowd);
    crowd->owner = ctx;

    lock(locked);
    if (state_of(&ctx->base) == LIVE && !is_crowded(ctx)) {
        ctx->crowd = crowd;
        crowd = NULL;
        /* Releases the crowd to is_crowded(), which acquires. */
        atomic_store_explicit(&ctx->crowding, CROWDED, memory_order_release);
    }
    unlock(locked);
    OS(release)(crowd);
}

void belay__forget_crowds(void)
{
    for (struct crowd *crowd = belay__untold; crowd; crowd = crowd->next)
        for (unsigned i = 0; i < CROWDS; ++i)
            belay__forget_watchers(&crowd->shards[i].pending);
}
