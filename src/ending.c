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

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- Marking ------------------------------------------------------------ */

void belay__unlink(struct cancel_ctx *ctx)
{
    if (ctx->link == NULL)
        return;
    LIST_REMOVE(ctx);
    ctx->link = NULL;
}

static void set_state(struct cancel_ctx *ctx, int state)
{
    atomic_store_explicit(&ctx->base.state, state, memory_order_relaxed);
}

/* All of the crowd is in the owner's own lists and counts from here on. */
static void enter_crowd(struct marking *marking, struct cancel_ctx *owner)
{
    if (marking->crowds == NULL)
        belay__lock_crowds();
    struct crowd *crowd = owner->crowd;
    crowd->next = marking->crowds;
    marking->crowds = crowd;
    marking->inside = crowd;

    long held = 0;
    for (unsigned i = 0; i < CROWDS; ++i)
        held += crowd->shards[i].held;
    unsigned refs =
        atomic_load_explicit(&owner->base.refs, memory_order_relaxed);
    atomic_store_explicit(&owner->base.refs, refs + (unsigned)held,
                          memory_order_relaxed);
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
    if (ctx->watches != NULL)
        belay__gather(&ctx->watches, pending_of(marking, ctx), marking->err);
    if (ctx->is_deadline)
        belay__disarm(&family_of(ctx)->wheel, (struct deadline_ctx *)ctx);
    if (is_crowded(ctx))
        enter_crowd(marking, ctx);
    ctx->cause = marking->cause;
}

/*
 * In a child that came out of a fork(), a descriptor made before belongs to
 * the parent as well, and must not be signaled: its number gets a new one.
 */
static void signal_fd(struct cancel_ctx *ctx)
{
    unsigned char forks =
        atomic_load_explicit(&belay__forks, memory_order_relaxed);
    if (ctx->fd_process != forks) {
        int event = OS(event)();
        if (event < 0 || OS(replace)(event, ctx->fd) != 0)
            return;
        ctx->fd_process = forks;
    }
    OS(signal)(ctx->fd);
}

static void leave(const struct marking *marking, struct cancel_ctx *ctx)
{
    if (ctx->fd >= 0)
        signal_fd(ctx);
    /*
     * Releases the cause, and what the canceller wrote, to belay_err(), which
     * acquires.
     */
    atomic_store_explicit(&ctx->base.state, marking->err,
                          memory_order_release);
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
            marking->inside = NULL;
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
    while (marking->crowds != NULL) {
        struct crowd *crowd = marking->crowds;
        marking->crowds = crowd->next;
        for (unsigned i = 0; i < CROWDS; ++i) {
            struct family *family = &belay__families[TREES + i];
            lock(&family->locked);
            belay__tell(family, &crowd->shards[i].pending, marking->err);
        }
        OS(release)(crowd);
    }
}

/* --- Canceling ---------------------------------------------------------- */

/* Under the lock, which it releases. */
static void end(struct cancel_ctx *ctx, struct belay_cause cause)
{
    struct belay_watch *pending = NULL;
    struct marking marking = {
        .err = BELAY_CANCELED, .own = cause, .pending = &pending};
    struct family *family = family_of(ctx);
    belay__mark(&marking, ctx);
    if (marking.crowds != NULL)
        belay__unlock_crowds();
    /* From here on ctx may be gone. */
    belay__tell(family, &pending, marking.err);
    belay__tell_crowds(&marking);
}

static bool cancel(struct cancel_ctx *ctx, struct belay_cause cause)
{
    struct family *family = family_of(ctx);
    lock(&family->locked);
    if (state_of(&ctx->base) != LIVE) {
        unlock(&family->locked);
        return false;
    }
    end(ctx, cause);
    return true;
}

/*
 * The context itself if it can be cancelled.  Whoever loses a race must not
 * return before the winner's subtree is marked, so ENDING is waited for.
 */
static struct cancel_ctx *cancelable(belay_ctx *ctx)
{
    CHECK_USED(ctx);
    if (ctx == NULL || !can_end(ctx))
        return NULL;
    return belay_err(ctx) == 0 ? (struct cancel_ctx *)ctx : NULL;
}

bool belay_cancel_at(belay_ctx *ctx, const char *where)
{
    struct cancel_ctx *cancel_ctx = cancelable(ctx);
    if (cancel_ctx == NULL)
        return false;
    return cancel(cancel_ctx,
                  (struct belay_cause){BELAY_CANCELED,
                                       belay_strerror(BELAY_CANCELED), where,
                                       OS(now)()});
}

enum { TEXT_SIZE = 256 };

/* Where a text of that length is cut: not within a character of UTF-8. */
static size_t whole_characters(const char *text, size_t length)
{
    if (length < TEXT_SIZE)
        return length;
    for (length = TEXT_SIZE - 1; length > TEXT_SIZE - 5; --length)
        if (((unsigned char)text[length] & 0xC0) != 0x80)
            return length;
    return TEXT_SIZE - 1; /* no such character is that long: not UTF-8 */
}

/* Returns a copy to be released, or NULL. */
BELAY_PRINTF(1, 0) static char *format_text(const char *format, va_list args)
{
    char text[TEXT_SIZE + 1]; /* one more, to see what is cut off */
    int length = vsnprintf(text, sizeof text, format, args);
    if (length < 0)
        return NULL;
    size_t kept = whole_characters(text, (size_t)length);
    char *copy = OS(allocate)(kept + 1);
    if (copy != NULL) {
        memcpy(copy, text, kept);
        copy[kept] = '\0';
    }
    return copy;
}

BELAY_PRINTF(4, 0)
static bool cancel_cause(belay_ctx *ctx, const char *where, int code,
                         const char *format, va_list args)
{
    struct cancel_ctx *cancel_ctx = cancelable(ctx);
    if (cancel_ctx == NULL)
        return false;
    char *text = format != NULL ? format_text(format, args) : NULL;
    struct belay_cause cause = {.code = code != 0 ? code : BELAY_CANCELED,
                                .where = where,
                                .when = OS(now)()};
    cause.text = text != NULL ? text : belay_strerror(cause.code);
    if (cancel(cancel_ctx, cause))
        return true;
    OS(release)(text);
    return false;
}

bool belay_cancel_cause_at(belay_ctx *ctx, const char *where, int code,
                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ended = cancel_cause(ctx, where, code, format, args);
    va_end(args);
    return ended;
}

/* --- Giving back -------------------------------------------------------- */

/* Nobody but its maker can see it: no reference, watch or descriptor. */
static bool is_unseen(const struct cancel_ctx *ctx)
{
    return state_of(&ctx->base) == LIVE &&
           atomic_load_explicit(&ctx->base.refs, memory_order_relaxed) == 1 &&
           ctx->watches == NULL && ctx->fd < 0 && !is_crowded(ctx);
}

/*
 * Gives back an unseen context, under the lock, without ending it first.  Its
 * parent is live, as it is: what it gives back there is not the last.
 */
static void vanish(struct cancel_ctx *ctx)
{
    struct family *family = family_of(ctx);
    const belay_ctx *parent = ctx->base.parent;
    bool counts_here = can_end(parent);
    if (ctx->link != NULL && counts_here) {
        struct cancel_ctx *above = (struct cancel_ctx *)parent;
        if (above->family != ctx->family)
            --shard_of(above, ctx)->held;
        else
            atomic_store_explicit(
                &above->base.refs,
                atomic_load_explicit(&above->base.refs, memory_order_relaxed) -
                    1,
                memory_order_relaxed);
    }
    belay__unlink(ctx);
    if (ctx->is_deadline)
        belay__disarm(&family->wheel, (struct deadline_ctx *)ctx);
    unlock(&family->locked);
    RELEASE_CTX(ctx);
    if (!counts_here)
        belay__drop(parent);
}

/* A NULL place is that of the making. */
static void end_and_drop(struct cancel_ctx *ctx, const char *where)
{
    struct family *family = family_of(ctx);
    lock(&family->locked);
    if (is_unseen(ctx)) {
        vanish(ctx);
        return;
    }
    if (state_of(&ctx->base) == LIVE)
        end(ctx, (struct belay_cause){BELAY_CANCELED,
                                      belay_strerror(BELAY_CANCELED),
                                      where != NULL ? where : ctx->where,
                                      OS(now)()});
    else
        unlock(&family->locked);
    belay__drop(&ctx->base);
}

void belay_end_at(belay_ctx *ctx, const char *where)
{
    if (ctx == NULL)
        return;
    CHECK_END(ctx);
    if (can_end(ctx))
        end_and_drop((struct cancel_ctx *)ctx, where);
    else
        belay__drop(ctx);
}

void belay__auto_end(belay_ctx **ctx)
{
    belay_end_at(*ctx, NULL);
}

/* --- Without a place ---------------------------------------------------- */

bool belay_cancel(belay_ctx *ctx)
{
    return belay_cancel_at(ctx, "?");
}

bool belay_cancel_cause(belay_ctx *ctx, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ended = cancel_cause(ctx, "?", code, format, args);
    va_end(args);
    return ended;
}

void belay_end(belay_ctx *ctx)
{
    belay_end_at(ctx, "?");
}

belay_ctx *belay_with_cancel(const belay_ctx *parent)
{
    return belay_with_cancel_at(parent, "?");
}

belay_ctx *belay_with_deadline(const belay_ctx *parent, belay_time when)
{
    return belay_with_deadline_at(parent, when, "?");
}

belay_ctx *belay_with_timeout(const belay_ctx *parent, belay_duration after)
{
    return belay_with_timeout_at(parent, after, "?");
}

belay_ctx *belay_with_deadline_cause(const belay_ctx *parent, belay_time when,
                                     int code, const char *text)
{
    return belay_with_deadline_cause_at(parent, when, code, text, "?");
}

belay_ctx *belay_with_timeout_cause(const belay_ctx *parent,
                                    belay_duration after, int code,
                                    const char *text)
{
    return belay_with_timeout_cause_at(parent, after, code, text, "?");
}

belay_ctx *belay_with_value(const belay_ctx *parent,
                            const struct belay_key *key, void *value)
{
    return belay_with_value_at(parent, key, value, "?");
}

belay_ctx *belay_without_cancel(const belay_ctx *parent)
{
    return belay_without_cancel_at(parent, "?");
}
