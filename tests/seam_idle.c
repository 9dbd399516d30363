/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

#include <belay/idle.h>

/* A limit that progress puts off, on a clock that the test moves. */

static const belay_duration limit = 30 * BELAY_SECOND;

TEST(without_progress_it_ends_when_the_limit_is_over_and_not_before)
{
    belay_ctx *ctx = belay_with_idle_at(NULL, limit, "here.c:1");

    fake_clock_advance(limit - 1);
    CHECK(belay_err(ctx) == 0);
    fake_clock_advance(1);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(belay_cause(ctx)->code == BELAY_DEADLINE_EXCEEDED);
    assert_string_equal(belay_cause(ctx)->text, "no progress");
    assert_string_equal(belay_cause(ctx)->where, "here.c:1");
    belay_end(ctx);
}

TEST(progress_begins_the_limit_anew)
{
    belay_ctx *ctx = belay_with_idle(NULL, limit);
    for (int i = 0; i < 100; ++i) {
        fake_clock_advance(limit - 1);
        belay_progress(ctx, 1);
    }

    fake_clock_advance(limit - 1);
    CHECK(belay_err(ctx) == 0);
    fake_clock_advance(1);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(nothing_is_no_progress)
{
    const int64_t counts[] = {0, -1, -EAGAIN, INT64_MIN};
    for (size_t i = 0; i < LENGTH(counts); ++i) {
        belay_ctx *ctx = belay_with_idle(NULL, limit);
        fake_clock_advance(limit - 1);

        belay_progress(ctx, counts[i]);
        fake_clock_advance(1);

        CHECK(belay_err(ctx) == BELAY_CANCELED);
        belay_end(ctx);
    }
}

TEST(progress_wakes_nobody_until_a_limit_has_passed)
{
    belay_ctx *ctx = belay_with_idle(NULL, limit);
    belay_time alarm = fake_clock_alarm();
    fake_clock_advance(BELAY_SECOND);

    belay_progress(ctx, 1);
    CHECK(fake_clock_alarm() == alarm);
    fake_clock_advance(limit - BELAY_SECOND);

    CHECK(belay_err(ctx) == 0 && fake_clock_alarm() == alarm + BELAY_SECOND);
    belay_end(ctx);
}

TEST(progress_further_down_is_progress_above)
{
    belay_ctx *outer = belay_with_idle(NULL, limit);
    belay_ctx *middle = belay_with_timeout(outer, BELAY_HOUR);
    belay_ctx *inner = belay_with_idle(middle, 2 * limit);
    belay_ctx *leaf = belay_with_cancel(inner);
    fake_clock_advance(limit - 1);

    belay_progress(leaf, 1);
    fake_clock_advance(limit - 1);
    CHECK(belay_err(outer) == 0);
    fake_clock_advance(1);

    CHECK(belay_err(outer) == BELAY_CANCELED && belay_err(leaf) != 0);
    belay_end(leaf);
    belay_end(inner);
    belay_end(middle);
    belay_end(outer);
}

TEST(progress_above_is_none_further_down)
{
    belay_ctx *outer = belay_with_idle(NULL, 2 * limit);
    belay_ctx *inner = belay_with_idle(outer, limit);
    fake_clock_advance(limit - 1);

    belay_progress(outer, 1);
    fake_clock_advance(1);

    CHECK(belay_err(outer) == 0 && belay_err(inner) == BELAY_CANCELED);
    belay_end(inner);
    belay_end(outer);
}

TEST(progress_without_a_limit_is_nothing)
{
    belay_ctx *ctx = belay_with_idle(NULL, BELAY_FOREVER);

    belay_progress(NULL, 1);
    belay_progress(ctx, 1);
    fake_clock_advance(BELAY_HOUR);

    CHECK(belay_err(ctx) == 0);
    belay_end(ctx);
}

TEST(progress_after_the_end_is_too_late)
{
    belay_ctx *ctx = belay_with_idle(NULL, limit);
    fake_clock_advance(limit);

    belay_progress(ctx, 1);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(no_limit_at_all_is_over_at_once)
{
    const belay_duration limits[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < LENGTH(limits); ++i) {
        belay_ctx *ctx = belay_with_idle(NULL, limits[i]);

        CHECK(belay_err(ctx) == BELAY_CANCELED);

        belay_end(ctx);
    }
}

TEST(it_ends_with_its_parent_and_leaves_no_alarm)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *ctx = belay_with_idle(parent, limit);

    belay_cancel_cause(parent, -EPIPE, "client left");
    CHECK(belay_cause(ctx)->code == -EPIPE);
    belay_end(ctx);

    CHECK(fake_clock_advance(limit) == 0);
    belay_end(parent);
}

static void give_back(void *arg, int err)
{
    (void)err;
    belay_end(arg);
}

TEST(it_may_be_given_back_from_a_watch_of_its_own)
{
    belay_ctx *ctx = belay_with_idle(NULL, limit);
    struct belay_watch watch;
    CHECK(belay_watch(ctx, &watch, give_back, ctx));

    fake_clock_advance(limit);

    CHECK(!belay_unwatch(&watch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            without_progress_it_ends_when_the_limit_is_over_and_not_before),
        cmocka_unit_test(progress_begins_the_limit_anew),
        cmocka_unit_test(nothing_is_no_progress),
        cmocka_unit_test(progress_wakes_nobody_until_a_limit_has_passed),
        cmocka_unit_test(progress_further_down_is_progress_above),
        cmocka_unit_test(progress_above_is_none_further_down),
        cmocka_unit_test(progress_without_a_limit_is_nothing),
        cmocka_unit_test(progress_after_the_end_is_too_late),
        cmocka_unit_test(no_limit_at_all_is_over_at_once),
        cmocka_unit_test(it_ends_with_its_parent_and_leaves_no_alarm),
        cmocka_unit_test(it_may_be_given_back_from_a_watch_of_its_own),
    };
    watchdog();
    fake_clock_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_clock_stop();
    return failed;
}
