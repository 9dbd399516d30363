/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

/* When deadlines fire, to the nanosecond, in time that a test moves. */

static belay_ctx *in(belay_duration after)
{
    return belay_with_timeout(NULL, after);
}

/* Rule 7, DL14 */
TEST(a_deadline_fires_at_its_instant_and_not_before)
{
    fake_clock_start();
    const belay_duration durations[] = {1,
                                        2,
                                        1000,
                                        BELAY_MILLISECOND - 1,
                                        BELAY_SECOND,
                                        BELAY_HOUR,
                                        24 * 365 * BELAY_HOUR,
                                        10 * 24 * 365 * BELAY_HOUR};
    for (size_t i = 0; i < LENGTH(durations); ++i) {
        belay_ctx *ctx = in(durations[i]);

        CHECK(fake_clock_advance(durations[i] - 1) == 0);
        CHECK(belay_err(ctx) == 0 && belay_remaining(ctx) == 1);
        CHECK(fake_clock_advance(1) == 1);

        CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
        CHECK(belay_cause(ctx)->when == belay_now());
        belay_end(ctx);
    }
    fake_clock_stop();
}

/* Whatever the library sorts deadlines into, it has edges at powers of two. */
TEST(a_deadline_fires_on_time_at_every_power_of_two)
{
    fake_clock_start();
    for (int bit = 1; bit < 60; ++bit)
        for (int by = -1; by <= 1; ++by) {
            belay_duration d = (INT64_C(1) << bit) + by;
            belay_ctx *ctx = in(d);

            CHECK(fake_clock_advance(d / 2) == 0);
            CHECK(fake_clock_advance(d - d / 2 - 1) == 0);
            CHECK(belay_err(ctx) == 0);
            CHECK(fake_clock_advance(1) == 1);

            belay_end(ctx);
        }
    fake_clock_stop();
}

TEST(the_library_asks_to_be_woken_no_later_than_the_first_deadline)
{
    fake_clock_start();
    belay_ctx *late = in(BELAY_HOUR);
    CHECK(fake_clock_alarm() <= belay_now() + BELAY_HOUR);
    belay_ctx *soon = in(BELAY_SECOND);

    CHECK(fake_clock_alarm() <= belay_now() + BELAY_SECOND);
    CHECK(fake_clock_alarm() > belay_now());
    fake_clock_advance(BELAY_SECOND);

    CHECK(fake_clock_alarm() <= belay_now() + BELAY_HOUR - BELAY_SECOND);
    CHECK(fake_clock_alarm() > belay_now());
    belay_end(soon);
    belay_end(late);
    fake_clock_stop();
}

/* DL11, S43 */
TEST(a_canceled_deadline_does_not_fire)
{
    fake_clock_start();
    belay_ctx *canceled = in(BELAY_SECOND);
    belay_ctx *ended = in(BELAY_SECOND);
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *inherited = belay_with_timeout(parent, BELAY_SECOND);

    belay_cancel(canceled);
    belay_end(ended);
    belay_cancel(parent);

    CHECK(fake_clock_advance(2 * BELAY_SECOND) == 0);
    CHECK(belay_err(canceled) == BELAY_CANCELED);
    CHECK(belay_err(inherited) == BELAY_CANCELED);
    CHECK(fake_clock_alarm() == BELAY_FOREVER);
    belay_end(inherited);
    belay_end(parent);
    belay_end(canceled);
    fake_clock_stop();
}

/* Reliability rows 8 and 68 */
TEST(a_context_may_be_given_back_in_the_very_instant_it_is_due)
{
    fake_clock_start();
    belay_ctx *due = in(BELAY_SECOND);
    belay_ctx *kept = in(BELAY_SECOND);

    fake_clock_move(BELAY_SECOND);
    CHECK(belay_remaining(due) == 0 && belay_err(due) == 0);
    belay_end(due);

    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(kept) == BELAY_DEADLINE_EXCEEDED);
    belay_end(kept);
    fake_clock_stop();
}

/* S44, reliability row 53 */
TEST(a_cancel_that_comes_before_the_clock_is_run_wins)
{
    fake_clock_start();
    belay_ctx *ctx = in(BELAY_SECOND);

    fake_clock_move(2 * BELAY_SECOND);
    CHECK(belay_cancel(ctx));

    CHECK(belay_clock_run() == 0);
    CHECK(belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
    fake_clock_stop();
}

TEST(the_earliest_deadline_of_a_chain_ends_what_is_below)
{
    fake_clock_start();
    belay_ctx *top = in(3 * BELAY_SECOND);
    belay_ctx *middle = belay_with_timeout(top, 1 * BELAY_SECOND);
    belay_ctx *bottom = belay_with_timeout(middle, 2 * BELAY_SECOND);

    CHECK(fake_clock_advance(BELAY_SECOND) == 1);
    CHECK(belay_err(top) == 0);
    CHECK(belay_err(middle) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(bottom) == BELAY_DEADLINE_EXCEEDED);
    CHECK(fake_clock_advance(2 * BELAY_SECOND) == 1);

    CHECK(belay_err(top) == BELAY_DEADLINE_EXCEEDED);
    belay_end(bottom);
    belay_end(middle);
    belay_end(top);
    fake_clock_stop();
}

TEST(equal_deadlines_of_parent_and_child_end_both)
{
    fake_clock_start();
    belay_time when = belay_now() + BELAY_SECOND;
    belay_ctx *parent = belay_with_deadline(NULL, when);
    belay_ctx *child = belay_with_deadline(parent, when);

    int fired = fake_clock_advance(BELAY_SECOND);

    CHECK(fired == 1 || fired == 2);
    CHECK(belay_err(parent) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(child) == BELAY_DEADLINE_EXCEEDED);
    belay_end(child);
    belay_end(parent);
    fake_clock_stop();
}

/* Both are past, and nobody has run the clock: rule 7. */
TEST(a_past_deadline_under_a_past_parents_gives_a_context_born_ended)
{
    fake_clock_start();
    belay_ctx *parent = in(BELAY_SECOND);
    belay_time due = belay_now() + BELAY_SECOND;
    fake_clock_move(2 * BELAY_SECOND);

    belay_ctx *earlier = belay_with_deadline(parent, due - 1);
    belay_ctx *later = belay_with_deadline(parent, due + 1);
    belay_ctx *now = belay_with_deadline(parent, belay_now());
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_err(earlier) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(later) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(now) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(child) == belay_err(parent));
    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(child) == BELAY_DEADLINE_EXCEEDED);
    belay_end(child);
    belay_end(now);
    belay_end(later);
    belay_end(earlier);
    belay_end(parent);
    fake_clock_stop();
}

/* Rule 9: a check reads no clock, so that only the clock ends a context. */
TEST(a_context_whose_deadline_has_passed_is_live_until_the_clock_comes)
{
    fake_clock_start();
    belay_ctx *ctx = in(BELAY_SECOND);

    fake_clock_move(2 * BELAY_SECOND);

    CHECK(belay_err(ctx) == 0 && belay_stopped(ctx) == 0);
    CHECK(belay_remaining(ctx) == 0);
    CHECK(!is_readable(belay_fd(ctx)));
    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    fake_clock_stop();
}

static int steps;

static belay_time count_now(void)
{
    ++steps;
    return belay__os_now();
}

static void count_place(const char *place)
{
    (void)place;
    ++steps;
}

/* Rule 9.  Before each lock there is a delay point. */
TEST(a_live_check_reads_no_clock_and_takes_no_lock)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(ctx, &key, NULL);
    struct belay__seams real = belay__seams;
    belay__seams.now = count_now;
    belay__seams.delay = count_place;

    steps = 0;
    CHECK(belay_err(ctx) == 0 && belay_err(value) == 0);
    CHECK(belay_stopped(ctx) == 0 && belay_cause(ctx) == NULL);
    CHECK(steps == 0);
    CHECK(belay_remaining(ctx) == BELAY_FOREVER && belay_fd(ctx) >= 0);
    CHECK(steps > 0); /* these do, so that they are counted */

    belay__seams = real;
    belay_end(value);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_fires_at_its_instant_and_not_before),
        cmocka_unit_test(a_deadline_fires_on_time_at_every_power_of_two),
        cmocka_unit_test(
            the_library_asks_to_be_woken_no_later_than_the_first_deadline),
        cmocka_unit_test(a_canceled_deadline_does_not_fire),
        cmocka_unit_test(
            a_context_may_be_given_back_in_the_very_instant_it_is_due),
        cmocka_unit_test(a_cancel_that_comes_before_the_clock_is_run_wins),
        cmocka_unit_test(the_earliest_deadline_of_a_chain_ends_what_is_below),
        cmocka_unit_test(equal_deadlines_of_parent_and_child_end_both),
        cmocka_unit_test(
            a_past_deadline_under_a_past_parents_gives_a_context_born_ended),
        cmocka_unit_test(
            a_context_whose_deadline_has_passed_is_live_until_the_clock_comes),
        cmocka_unit_test(a_live_check_reads_no_clock_and_takes_no_lock),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
