/* SPDX-License-Identifier: MIT */

/*
 * Deadlines by the time they are due: a hierarchical wheel for each family,
 * under the family's lock, so that arming takes no other.
 *
 * Time is cut into ticks of 2^TICK_BITS ns.  A deadline is in the level of the
 * highest group of LEVEL_BITS bits in which its tick differs from the wheel's
 * `now`, in the slot that this group says; so all in a lower level are due
 * before all in a higher one.  When the first slot comes due, `now` moves to
 * its start and what is in it goes down to lower levels.  Level 0 is one tick
 * a slot, and is searched by the nanosecond.
 *
 * Arming and disarming are a link and an unlink; a deadline goes down at most
 * LEVELS - 1 times.  A slot remembers the earliest it has had since it was
 * empty, so that the clock sleeps until a deadline and not until a slot: it
 * wakes in vain only for one that was disarmed.
 */

#include "internal.h"

static uint64_t tick_of(belay_time time)
{
    return (uint64_t)time >> TICK_BITS;
}

static struct slot *slot_for(struct wheel *wheel, belay_time when)
{
    uint64_t tick = tick_of(when);
    if (tick < wheel->now)
        tick = wheel->now; /* it came due while it was being made */
    uint64_t differs = tick ^ wheel->now;
    unsigned level =
        differs == 0 ? 0
                     : (63 - (unsigned)__builtin_clzll(differs)) / LEVEL_BITS;
    unsigned slot = (unsigned)(tick >> level * LEVEL_BITS) % SLOTS;
    wheel->levels |= 1U << level;
    wheel->occupied[level] |= UINT64_C(1) << slot;
    return &wheel->slots[level][slot];
}

static void put(struct wheel *wheel, struct deadline_ctx *ctx)
{
    belay_time when = ctx->cancel.deadline;
    struct slot *slot = slot_for(wheel, when);
    if (slot->first == NULL || when < slot->earliest)
        slot->earliest = when;
    LIST_PUSH(&slot->first, ctx);
}

void belay__arm(struct wheel *wheel, struct deadline_ctx *ctx, belay_time now)
{
    if (wheel->levels == 0)
        wheel->now = tick_of(now);
    put(wheel, ctx);
}

static void mark_empty(struct wheel *wheel, const struct slot *slot)
{
    size_t index = (size_t)(slot - &wheel->slots[0][0]);
    size_t level = index / SLOTS;
    wheel->occupied[level] &= ~(UINT64_C(1) << index % SLOTS);
    if (wheel->occupied[level] == 0)
        wheel->levels &= ~(1U << level);
}

void belay__disarm(struct wheel *wheel, struct deadline_ctx *ctx)
{
    if (ctx->link == NULL)
        return;
    LIST_REMOVE(ctx);
    /* Was it the last of a slot?  Its link is a slot's `first`, then. */
    uintptr_t at = (uintptr_t)ctx->link;
    if (ctx->next == NULL && at >= (uintptr_t)wheel->slots &&
        at < (uintptr_t)(wheel->slots + LEVELS))
        mark_empty(wheel, (const struct slot *)ctx->link);
    ctx->link = NULL;
}

/* The first slot that has any; the wheel is not empty. */
static struct slot *first_slot(struct wheel *wheel, unsigned *ret_level)
{
    unsigned level = (unsigned)__builtin_ctz(wheel->levels);
    unsigned slot = (unsigned)__builtin_ctzll(wheel->occupied[level]);
    *ret_level = level;
    return &wheel->slots[level][slot];
}

belay_time belay__next_due(const struct wheel *wheel)
{
    unsigned level;
    if (wheel->levels == 0)
        return BELAY_FOREVER;
    return first_slot((struct wheel *)wheel, &level)->earliest;
}

/* Takes all out of a slot; the result's link is not set. */
static struct deadline_ctx *empty(struct wheel *wheel, struct slot *slot)
{
    struct deadline_ctx *all = slot->first;
    slot->first = NULL;
    mark_empty(wheel, slot);
    return all;
}

/* Moves `now` to the start of the slot, and what is in it to lower levels. */
static void cascade(struct wheel *wheel, struct slot *slot, unsigned level)
{
    unsigned index = (unsigned)(slot - wheel->slots[level]);
    unsigned shift = level * LEVEL_BITS;
    uint64_t above = wheel->now >> shift >> LEVEL_BITS;
    wheel->now = (above << LEVEL_BITS | index) << shift;
    struct deadline_ctx *next;
    for (struct deadline_ctx *ctx = empty(wheel, slot); ctx; ctx = next) {
        next = ctx->next;
        put(wheel, ctx);
    }
}

/* Adds what is due in a slot of level 0 to `due`, and keeps the rest. */
static void pick(struct wheel *wheel, struct slot *slot, belay_time now,
                 struct deadline_ctx **due)
{
    wheel->now += (uint64_t)(slot - wheel->slots[0]) - wheel->now % SLOTS;
    struct deadline_ctx *next;
    for (struct deadline_ctx *ctx = empty(wheel, slot); ctx; ctx = next) {
        next = ctx->next;
        if (ctx->cancel.deadline > now) {
            put(wheel, ctx);
        } else {
            ctx->next = *due;
            *due = ctx;
        }
    }
}

/* Merges two runs, each earliest first; of equals, those of `a` first. */
static struct deadline_ctx *merge(struct deadline_ctx *a,
                                  struct deadline_ctx *b)
{
    struct deadline_ctx *first = NULL;
    struct deadline_ctx **last = &first;
    while (a != NULL && b != NULL) {
        struct deadline_ctx **from =
            b->cancel.deadline < a->cancel.deadline ? &b : &a;
        *last = *from;
        last = &(*from)->next;
        *from = *last;
    }
    *last = a != NULL ? a : b;
    return first;
}

/* Sorts by deadline: run i holds 2^i of them, or none. */
static struct deadline_ctx *sort(struct deadline_ctx *list)
{
    struct deadline_ctx *runs[sizeof(size_t) * 8] = {NULL};
    unsigned used = 0;
    while (list != NULL) {
        struct deadline_ctx *run = list;
        list = list->next;
        run->next = NULL;
        unsigned i = 0;
        for (; runs[i] != NULL; runs[i++] = NULL)
            run = merge(runs[i], run);
        runs[i] = run;
        used = i >= used ? i + 1 : used;
    }
    struct deadline_ctx *sorted = NULL;
    for (unsigned i = 0; i < used; ++i)
        sorted = merge(runs[i], sorted);
    return sorted;
}

/*
 * Takes out all that is due, earliest first.  The caller links the first; the
 * others are linked, so that any of them can still be disarmed.
 */
struct deadline_ctx *belay__due(struct wheel *wheel, belay_time now)
{
    struct deadline_ctx *due = NULL;
    while (wheel->levels != 0) {
        unsigned level;
        struct slot *slot = first_slot(wheel, &level);
        if (slot->earliest > now)
            break;
        if (level > 0)
            cascade(wheel, slot, level);
        else
            pick(wheel, slot, now, &due);
    }
    due = sort(due);
    for (struct deadline_ctx *ctx = due; ctx && ctx->next; ctx = ctx->next)
        ctx->next->link = &ctx->next;
    return due;
}
