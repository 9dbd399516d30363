/* SPDX-License-Identifier: MIT */
#ifndef BELAY_HEDGE_H
#define BELAY_HEDGE_H

/*
 * Several ways to one answer: the first that succeeds wins, the others are
 * canceled and waited for.
 *
 *     struct belay_attempt attempts[] = {{ask, &primary}, {ask, &replica}};
 *     int winner = belay_hedge(ctx, attempts, 2, 20 * BELAY_MILLISECOND);
 *     if (winner >= 0)
 *         use(attempts[winner].arg);
 *
 * When they return, no attempt is running.  A loser may have succeeded, too:
 * whatever it holds is the caller's to give back.
 */

#include <belay/group.h>

/* Each is given a context that ends when another has won, and its arg. */
struct belay_attempt {
    belay_job *job;
    void *arg;
};

/*
 * Runs all attempts at once.  Returns the index of the winner; or negative,
 * what the first to fail returned; belay_err(ctx), if ctx ended and that is
 * why; -EINVAL for no attempt, or more than an int counts.  An attempt for
 * which there is no memory or thread counts as failed.
 */
BELAY_API BELAY_MUST_USE
int belay_race_at(const belay_ctx *ctx, const struct belay_attempt *attempts,
                  size_t count, const char *where);
#define belay_race(ctx, attempts, count) \
    belay_race_at(ctx, attempts, count, BELAY_HERE)

/*
 * As belay_race(), but each attempt is started only when there is no answer
 * `delay` after the one before, or when one has failed.
 */
BELAY_API BELAY_MUST_USE
int belay_hedge_at(const belay_ctx *ctx, const struct belay_attempt *attempts,
                   size_t count, belay_duration delay, const char *where);
#define belay_hedge(ctx, attempts, count, delay) \
    belay_hedge_at(ctx, attempts, count, delay, BELAY_HERE)

#endif
