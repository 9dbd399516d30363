/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

/* Watches that the clock tells, in time that a test moves. */

static belay_ctx *in(belay_duration after)
{
    return belay_with_timeout(NULL, after);
}

struct sight {
    const belay_ctx *other;
    int live;
};

static void look_at_other(void *arg, int err)
{
    struct sight *sight = arg;
    (void)err;
    sight->live += belay_err(sight->other) == 0;
}

TEST(the_clock_marks_everything_due_before_it_tells_anyone)
{
    enum { MANY = 40 };
    fake_clock_start();
    belay_ctx *contexts[MANY];
    struct belay_watch watches[MANY];
    struct sight sights[MANY];
    for (int i = 0; i < MANY; ++i)
        contexts[i] = in(BELAY_SECOND + i);
    for (int i = 0; i < MANY; ++i) {
        sights[i] = (struct sight){contexts[MANY - 1 - i], 0};
        CHECK(belay_watch(contexts[i], &watches[i], look_at_other, &sights[i]));
    }

    CHECK(fake_clock_advance(2 * BELAY_SECOND) == MANY);

    for (int i = 0; i < MANY; ++i) {
        CHECK(sights[i].live == 0);
        belay_end(contexts[i]);
    }
    fake_clock_stop();
}

static void end_it(void *ctx, int err)
{
    (void)err;
    belay_end(ctx);
}

TEST(a_watch_may_end_contexts_that_are_due_in_the_same_instant)
{
    fake_clock_start();
    belay_ctx *first = in(BELAY_SECOND);
    belay_ctx *second = in(BELAY_SECOND);
    struct belay_watch watches[2];
    CHECK(belay_watch(first, &watches[0], end_it, second));
    CHECK(belay_watch(second, &watches[1], end_it, first));

    CHECK(fake_clock_advance(BELAY_SECOND) == 2);

    CHECK(belay_try_unwatch(&watches[0]) == 0);
    CHECK(belay_try_unwatch(&watches[1]) == 0);
    fake_clock_stop();
}

struct ticker {
    struct belay_watch watch;
    belay_ctx *ctx;
    int ticks;
};

static void tick_again(void *arg, int err)
{
    struct ticker *ticker = arg;
    (void)err;
    ++ticker->ticks;
    belay_end(ticker->ctx);
    ticker->ctx = in(1);
    if (!belay_watch(ticker->ctx, &ticker->watch, tick_again, ticker))
        abort();
}

/* Class V, reliability row 56 */
TEST(a_watch_that_sets_a_new_deadline_does_not_keep_the_clock)
{
    fake_clock_start();
    belay_ctx *other = in(BELAY_SECOND);
    struct ticker ticker = {.ctx = in(1)};
    CHECK(belay_watch(ticker.ctx, &ticker.watch, tick_again, &ticker));

    CHECK(fake_clock_advance(BELAY_SECOND) == 2);
    CHECK(ticker.ticks == 1);
    CHECK(fake_clock_advance(1) == 1);

    CHECK(ticker.ticks == 2);
    CHECK(belay_unwatch(&ticker.watch));
    belay_end(ticker.ctx);
    belay_end(other);
    fake_clock_stop();
}

static void run_clock(void *arg, int err)
{
    (void)err;
    *(int *)arg = belay_clock_run();
}

TEST(a_watch_may_run_the_clock_that_tells_it)
{
    fake_clock_start();
    belay_ctx *ctx = in(BELAY_SECOND);
    struct belay_watch watch;
    int fired = -1;
    CHECK(belay_watch(ctx, &watch, run_clock, &fired));

    CHECK(fake_clock_advance(BELAY_SECOND) == 1);

    CHECK(fired == 0);
    belay_end(ctx);
    fake_clock_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_marks_everything_due_before_it_tells_anyone),
        cmocka_unit_test(
            a_watch_may_end_contexts_that_are_due_in_the_same_instant),
        cmocka_unit_test(
            a_watch_that_sets_a_new_deadline_does_not_keep_the_clock),
        cmocka_unit_test(a_watch_may_run_the_clock_that_tells_it),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
