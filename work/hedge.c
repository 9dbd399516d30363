/* SPDX-License-Identifier: MIT */

#include <belay/hedge.h>

#include "memory.h"

#include <limits.h>
#include <stdatomic.h>

struct contest;

struct runner {
    struct contest *contest;
    size_t index;
};

struct contest {
    const struct belay_attempt *attempts;
    size_t count;
    const char *where;
    belay_ctx *ctx; /* ends when nothing is to be waited for */
    belay_group *group;
    atomic_size_t next; /* to be started; may count on beyond the last */
    atomic_size_t failed;
    atomic_int winner;  /* -1: none yet */
    atomic_int failure; /* of the first to fail; 0: none yet */
    struct runner runners[];
};

static void count_failed(struct contest *contest)
{
    if (atomic_fetch_add(&contest->failed, 1) + 1 == contest->count)
        belay_cancel_at(contest->ctx, contest->where);
}

static int run(const belay_ctx *ctx, void *arg);

/* Starts the next that can be. */
static void start_next(struct contest *contest)
{
    size_t index;
    while ((index = atomic_fetch_add(&contest->next, 1)) < contest->count) {
        struct runner *runner = &contest->runners[index];
        *runner = (struct runner){contest, index};
        if (belay_group_go_at(contest->group, run, runner, contest->where) == 0)
            return;
        count_failed(contest);
    }
}

static int run(const belay_ctx *ctx, void *arg)
{
    struct runner *self = arg;
    struct contest *contest = self->contest;
    const struct belay_attempt *attempt = &contest->attempts[self->index];
    int none = -1;
    int no_failure = 0;
    int code = attempt->job(ctx, attempt->arg);
    if (code >= 0) {
        atomic_compare_exchange_strong(&contest->winner, &none,
                                       (int)self->index);
        belay_cancel_at(contest->ctx, contest->where);
    } else {
        /* Before the next one is started, which may be quicker to fail. */
        atomic_compare_exchange_strong(&contest->failure, &no_failure, code);
        start_next(contest);
        count_failed(contest);
    }
    return code;
}

/* Returns when all have been started, or none has to be any more. */
static void start_all(struct contest *contest, belay_duration delay)
{
    do
        start_next(contest);
    while (atomic_load(&contest->next) < contest->count &&
           belay_sleep(contest->ctx, delay) == 0);
}

static int decide(const belay_ctx *ctx, struct contest *contest)
{
    int err = belay_group_wait(contest->group);
    int winner = atomic_load(&contest->winner);
    if (winner >= 0)
        return winner;
    if (belay_err(ctx) != 0)
        return belay_err(ctx);
    int failure = atomic_load(&contest->failure);
    return failure != 0 ? failure : err;
}

int belay_hedge_at(const belay_ctx *ctx, const struct belay_attempt *attempts,
                   size_t count, belay_duration delay, const char *where)
{
    static const struct belay_group_rules rules = {.until =
                                                       BELAY_UNTIL_SUCCESS};
    if (count == 0 || count > INT_MAX)
        return -EINVAL;
    if (belay_err(ctx) != 0)
        return belay_err(ctx);
    struct contest *contest =
        belay__zeros(sizeof *contest + count * sizeof(struct runner));
    if (contest == NULL)
        return -ENOMEM;
    contest->attempts = attempts;
    contest->count = count;
    contest->where = where;
    contest->ctx = belay_with_cancel_at(ctx, where);
    contest->group = belay_group_start_at(ctx, &rules, where);
    atomic_init(&contest->winner, -1);
    atomic_init(&contest->failure, 0);

    start_all(contest, delay);
    int winner = decide(ctx, contest);

    belay_group_end_at(contest->group, where);
    belay_end_at(contest->ctx, where);
    free(contest);
    return winner;
}

int belay_race_at(const belay_ctx *ctx, const struct belay_attempt *attempts,
                  size_t count, const char *where)
{
    return belay_hedge_at(ctx, attempts, count, 0, where);
}
