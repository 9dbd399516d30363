/* SPDX-License-Identifier: MIT */

/*
 * Ending is two passes: mark the whole subtree, under the lock, then tell the
 * watches, without it.
 *
 * Marking walks down through the lists of children and up through the parents:
 * no recursion, no memory.  A context is ENDING from when the walk enters it
 * until all below it is marked.  So whoever sees a context ended finds its
 * whole subtree ended, and, by waiting for the lock, its ancestors as well.
 */

#include "internal.h"

/* --- Marking ------------------------------------------------------------ */

void belay__unlink(struct cancel_ctx *ctx)
{
    HELD(family_of(ctx));
    if (ctx->link == NULL)
        return;
    LIST_REMOVE(ctx);
    ctx->link = NULL;
}

static void set_state(struct cancel_ctx *ctx, int state)
{
    HELD(family_of(ctx));
    atomic_store_explicit(&ctx->base.state, state, memory_order_relaxed);
}

/* All of the crowd is in the owner's own lists and counts from here on. */
static void enter_crowd(struct marking *marking, struct cancel_ctx *owner)
{
    if (marking->crowds == NULL)
        belay__lock_crowds();
    struct crowd *crowd = owner->crowd;
    LIST_PUSH(&belay__untold, crowd);
    crowd->met = marking->crowds;
    marking->crowds = crowd;
    crowd->outer = marking->inside;
    marking->inside = crowd;

    long held = 0;
    for (unsigned i = 0; i < CROWDS; ++i) {
        HELD(&belay__families[TREES + i]);
        held += crowd->shards[i].held;
    }
    count_refs(&owner->base, held);
}

static struct belay_watch **pending_of(const struct marking *marking,
                                       const struct cancel_ctx *ctx)
{
    if (ctx->family < TREES || marking->inside == NULL)
        return marking->pending;
    return &marking->inside->shards[ctx->family - TREES].pending;
}

static void enter(struct marking *marking, struct cancel_ctx *ctx)
{
    set_state(ctx, ENDING);
    DELAY_POINT("entered"); /* under the lock, as "leaving" is */
    if (ctx->watches != NULL)
        belay__gather(&ctx->watches, pending_of(marking, ctx), marking->err,
                      marking->wakes);
    if (ctx->is_deadline)
        belay__disarm(&family_of(ctx)->wheel, (struct deadline_ctx *)ctx);
    if (is_crowded(ctx))
        enter_crowd(marking, ctx);
    ctx->cause = marking->cause;
}

static void leave(const struct marking *marking, struct cancel_ctx *ctx)
{
    DELAY_POINT("leaving");
    HELD(family_of(ctx));
    arrive(ctx);
    if (ctx->fd >= 0)
        OS(signal)(ctx->fd);
    /*
     * Releases the cause, and what the canceler wrote, to belay_err(), which
     * acquires.
     */
    atomic_store_explicit(&ctx->base.state, marking->err, memory_order_release);
}

/* Takes the next child off ctx, NULL when there are no more. */
static struct cancel_ctx *take_child(struct marking *marking,
                                     struct cancel_ctx *ctx)
{
    struct crowd *crowd = marking->inside;
    if (ctx->children == NULL && crowd != NULL && crowd->owner == ctx) {
        while (crowd->drained < CROWDS && ctx->children == NULL)
            ctx->children = crowd->shards[crowd->drained++].children;
        if (ctx->children == NULL)
            marking->inside = crowd->outer;
    }
    struct cancel_ctx *child = ctx->children;
    if (child == NULL)
        return NULL;
    ctx->children = child->next;
    if (child->next != NULL) {
        __builtin_prefetch(child->next, 1);
        child->next->link = &ctx->children;
    }
    child->link = NULL;
    return child;
}

void belay__mark(struct marking *marking, struct cancel_ctx *top)
{
    belay__unlink(top);
    marking->cause = &top->own;
    enter(marking, top);
    top->own = marking->own; /* its links and watches are done with */

    struct cancel_ctx *ctx = top;
    for (;;) {
        struct cancel_ctx *child = take_child(marking, ctx);
        if (child != NULL) {
            enter(marking, child);
            ctx = child;
            continue;
        }
        leave(marking, ctx);
        if (ctx == top)
            return;
        ctx = ender(ctx->base.parent);
    }
}

void belay__tell_crowds(struct marking *marking)
{
    DELAY_POINT("crowds");
    while (marking->crowds != NULL) {
        struct crowd *crowd = marking->crowds;
        marking->crowds = crowd->met;
        for (unsigned i = 0; i < CROWDS; ++i) {
            struct family *family = &belay__families[TREES + i];
            lock(&family->locked);
            belay__tell(family, &crowd->shards[i].pending, marking->err,
                        marking->wakes);
        }
        lock(&belay__families[TREES].locked);
        LIST_REMOVE(crowd);
        unlock(&belay__families[TREES].locked);
        OS(release)(crowd);
    }
}
