/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* What is true of a deadline from birth.  How they fire is in
   test_deadline_fires.c, and when exactly in seam_deadline.c. */

static bool has_deadline(const belay_ctx *ctx, belay_time expected)
{
    belay_time when;
    return belay_deadline(ctx, &when) && when == expected;
}

/* DL04, DL10, S40, class J: all that is past at birth. */
TEST(a_past_deadline_gives_a_context_born_ended)
{
    const belay_time past[] = {INT64_MIN, INT64_MIN + 1,   -BELAY_HOUR, -1, 0,
                               1,         belay_now() - 1, belay_now()};
    for (size_t i = 0; i < LENGTH(past); ++i) {
        belay_ctx *ctx = belay_with_deadline(NULL, past[i]);

        CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
        CHECK(has_deadline(ctx, past[i]));
        CHECK(belay_remaining(ctx) == 0);
        CHECK(!belay_cancel(ctx));
        CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
        belay_end(ctx);
    }
}

/* DL10 */
TEST(no_time_gives_a_context_born_ended)
{
    const belay_duration none[] = {0, -1, -BELAY_HOUR, INT64_MIN,
                                   INT64_MIN + 1};
    for (size_t i = 0; i < LENGTH(none); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, none[i]);
        belay_time when;

        CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
        CHECK(belay_deadline(ctx, &when) && when <= belay_now());
        CHECK(belay_remaining(ctx) == 0);
        belay_end(ctx);
    }
}

/* Class J: no overflow makes a long time short. */
TEST(a_far_deadline_gives_a_live_context)
{
    const belay_duration far[] = {INT64_MAX - 1, INT64_MAX / 2,
                                  1000000 * BELAY_HOUR};
    for (size_t i = 0; i < LENGTH(far); ++i) {
        belay_ctx *timeout = belay_with_timeout(NULL, far[i]);
        belay_ctx *deadline = belay_with_deadline(NULL, far[i]);

        CHECK(belay_err(timeout) == 0);
        CHECK(belay_err(deadline) == 0);
        CHECK(belay_remaining(timeout) > 100000 * BELAY_HOUR);
        CHECK(has_deadline(deadline, far[i]));
        belay_end(timeout);
        belay_end(deadline);
    }
}

TEST(for_ever_is_no_deadline)
{
    belay_ctx *contexts[] = {
        belay_with_deadline(NULL, BELAY_FOREVER),
        belay_with_timeout(NULL, BELAY_FOREVER),
        belay_with_deadline_cause(NULL, BELAY_FOREVER, -EIO, "x"),
        belay_with_timeout_cause(NULL, BELAY_FOREVER, -EIO, "x"),
    };
    for (size_t i = 0; i < LENGTH(contexts); ++i) {
        belay_time when;

        CHECK(!belay_deadline(contexts[i], &when));
        CHECK(belay_remaining(contexts[i]) == BELAY_FOREVER);
        CHECK(belay_err(contexts[i]) == 0);
        belay_end(contexts[i]);
    }
}

/* DL06 */
TEST(a_cancel_ends_a_context_before_its_deadline)
{
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_HOUR);
    belay_ctx *child = belay_with_timeout(parent, 2 * BELAY_HOUR);

    CHECK(belay_cancel(parent));

    CHECK(belay_err(parent) == BELAY_CANCELED);
    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_remaining(child) == 0);
    belay_end(child);
    belay_end(parent);
}

/* DL09, S41 */
TEST(an_ended_parent_wins_over_a_past_deadline)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_cancel_cause(parent, -EPIPE, "client left");

    belay_ctx *child = belay_with_timeout_cause(parent, 0, -EIO, "too slow");

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_cause(child)->code == -EPIPE);
    belay_end(child);
    belay_end(parent);
}

/* --- The earliest along the chain: rule 7, S39, S47 --------------------- */

TEST(the_deadline_is_the_earliest_along_the_chain)
{
    static const struct belay_key key = {"key", NULL};
    belay_time late = belay_now() + 2 * BELAY_HOUR;
    belay_time later = late + 1;
    belay_time soon = late - BELAY_HOUR;
    belay_ctx *first = belay_with_deadline(NULL, late);
    belay_ctx *second = belay_with_deadline(first, later);
    belay_ctx *third = belay_with_value(second, &key, NULL);
    belay_ctx *fourth = belay_with_deadline(third, soon);
    belay_ctx *fifth = belay_with_cancel(fourth);

    CHECK(has_deadline(first, late) && has_deadline(second, late));
    CHECK(has_deadline(third, late));
    CHECK(has_deadline(fourth, soon) && has_deadline(fifth, soon));

    belay_ctx *all[] = {fifth, fourth, third, second, first};
    for (size_t i = 0; i < LENGTH(all); ++i)
        belay_end(all[i]);
}

TEST(a_deadline_stays_what_it_was_after_the_end)
{
    belay_time late = belay_now() + BELAY_HOUR;
    belay_ctx *parent = belay_with_deadline(NULL, late);
    belay_ctx *child = belay_with_cancel(parent);
    belay_ctx *detached = belay_without_cancel(child);
    belay_time when;

    belay_cancel(parent);

    CHECK(has_deadline(parent, late) && has_deadline(child, late));
    CHECK(!belay_deadline(detached, &when));
    belay_end(detached);
    belay_end(child);
    belay_end(parent);
}

TEST(the_remaining_time_is_what_is_left_of_the_deadline)
{
    belay_time late = belay_now() + BELAY_HOUR;
    belay_ctx *ctx = belay_with_deadline(NULL, late);

    belay_time before = belay_now();
    belay_duration left = belay_remaining(ctx);
    belay_time after = belay_now();

    CHECK(left <= late - before && left >= late - after);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_past_deadline_gives_a_context_born_ended),
        cmocka_unit_test(no_time_gives_a_context_born_ended),
        cmocka_unit_test(a_far_deadline_gives_a_live_context),
        cmocka_unit_test(for_ever_is_no_deadline),
        cmocka_unit_test(a_cancel_ends_a_context_before_its_deadline),
        cmocka_unit_test(an_ended_parent_wins_over_a_past_deadline),
        cmocka_unit_test(the_deadline_is_the_earliest_along_the_chain),
        cmocka_unit_test(a_deadline_stays_what_it_was_after_the_end),
        cmocka_unit_test(the_remaining_time_is_what_is_left_of_the_deadline),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
