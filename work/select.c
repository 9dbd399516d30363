/* SPDX-License-Identifier: MIT */

/*
 * One turn, with a place for it in the queue of each channel, a watch on each
 * context, its deadline at the earliest instant, and beside the descriptors
 * where there are some.  The claim of the turn decides what happens.
 */

#include "select.h"

enum preference { NONE, FIRST };

/* The same sequence in each run, and even. */
static uint32_t roll(void)
{
    static atomic_uint rolls;
    uint32_t x = atomic_fetch_add_explicit(&rolls, UINT32_C(0x9E3779B9),
                                           memory_order_relaxed);
    x = (x ^ x >> 16) * UINT32_C(0x85EBCA6B);
    x = (x ^ x >> 13) * UINT32_C(0xC2B2AE35);
    return x ^ x >> 16;
}

/* Under the guards: one of those that could happen now, or NULL. */
static struct belay_case *choose(const struct belay__cases *cases,
                                 enum preference preference, belay_time now)
{
    struct belay_case *chosen = NULL;
    uint32_t ready = 0;
    for (BELAY__EACH(which, cases)) {
        if (!belay__case_is_ready(which, now))
            continue;
        if (++ready == 1 || roll() % ready == 0)
            chosen = which;
        if (preference == FIRST)
            break;
    }
    return chosen;
}

/* Under the guards: lets one happen, if one can; and returns it. */
static struct belay_case *happen_now(const struct belay__cases *cases,
                                     enum preference preference, belay_time now,
                                     belay_ctx **ret_called)
{
    struct belay_case *chosen;
    *ret_called = NULL;
    do
        chosen = choose(cases, preference, now);
    while (chosen != NULL && !belay__case_happen(chosen, ret_called));
    return chosen;
}

/* The index of the case that happens now, or -EAGAIN; joins turn, if any. */
static int try_cases(const struct belay__cases *cases,
                     enum preference preference, struct belay__turn *turn)
{
    belay_time now = belay_now();
    belay_ctx *called;
    belay__cases_ask(cases);
    belay__lock(cases->guards);
    struct belay_case *chosen = happen_now(cases, preference, now, &called);
    if (chosen == NULL && turn != NULL)
        belay__cases_join(cases, turn);
    belay__unlock(cases->guards);
    belay_end(called);
    return chosen != NULL ? (int)(chosen - cases->first) : -EAGAIN;
}

/* What the turn's own deadline has for its place. */
static const char instant[] = "belay_select";

/*
 * Whom nobody has served: a descriptor is ready, an instant has come, the
 * context has ended, or there was no memory for a descriptor of the turn.
 */
static int come_to_nothing(const belay_ctx *ctx, const struct belay__turn *turn,
                           int ready)
{
    if (ready != 0)
        return ready < 0 ? ready : -EAGAIN;
    const struct belay_cause *cause = belay_cause(turn->ctx);
    return cause->where == instant ? -EAGAIN : belay_err(ctx);
}

static int index_of(const struct belay__cases *cases, struct belay_place *place)
{
    struct belay_case *which =
        (struct belay_case *)((char *)place -
                              offsetof(struct belay_case, place));
    which->result = place->result;
    return (int)(which - cases->first);
}

/* In the queues already.  As a select; -EAGAIN: try again, it will not be. */
static int await(const belay_ctx *ctx, const struct belay__cases *cases,
                 struct belay__turn *turn)
{
    int ready = 0;
    belay__cases_watch(cases);
    if (cases->fds > 0)
        ready = belay__cases_poll(cases, turn->ctx, -1);
    else
        belay_wait(turn->ctx);
    belay__cases_unwatch(cases);
    belay__lock(cases->guards);
    belay__cases_leave(cases);
    belay__unlock(cases->guards);

    /* Nobody else can come to the turn any more. */
    return turn->served != NULL ? index_of(cases, turn->served)
                                : come_to_nothing(ctx, turn, ready);
}

static int wait_for(const belay_ctx *ctx, const struct belay__cases *cases,
                    enum preference preference)
{
    struct belay__turn turn;
    int which = belay__turn_begin(
        &turn, belay_with_deadline_at(ctx, cases->when, instant));
    if (which == BELAY_DEADLINE_EXCEEDED && belay_err(ctx) == 0)
        return try_cases(cases, preference, NULL);
    if (which != 0)
        return which;

    which = try_cases(cases, preference, &turn);
    if (which == -EAGAIN) {
        which = await(ctx, cases, &turn);
        if (which == -EAGAIN)
            which = try_cases(cases, preference, NULL);
    }
    belay__turn_end(&turn);
    return which;
}

static int select_by(const belay_ctx *ctx, struct belay_case *first,
                     size_t count, enum preference preference)
{
    int which = belay_err(ctx);
    if (which != 0)
        return which;
    struct belay__cases cases = belay__cases_of(first, count);
    which = belay__cases_poll(&cases, NULL, 0);
    if (which >= 0)
        which = try_cases(&cases, preference, NULL);
    return which == -EAGAIN ? wait_for(ctx, &cases, preference) : which;
}

int belay_select(const belay_ctx *ctx, struct belay_case *cases, size_t count)
{
    return select_by(ctx, cases, count, NONE);
}

int belay_select_first(const belay_ctx *ctx, struct belay_case *cases,
                       size_t count)
{
    return select_by(ctx, cases, count, FIRST);
}

int belay_try_select(struct belay_case *first, size_t count)
{
    struct belay__cases cases = belay__cases_of(first, count);
    int which = belay__cases_poll(&cases, NULL, 0);
    return which >= 0 ? try_cases(&cases, NONE, NULL) : which;
}
