/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Which error and which cause a context reports, row by row of Go's TestCause.
   What a cause says in words, and where, is in test_cause_text.c. */

static bool ended_with(const belay_ctx *ctx, int err, int code,
                       const char *text)
{
    const struct belay_cause *cause = belay_cause(ctx);
    return belay_err(ctx) == err && cause != NULL && cause->code == code &&
           strcmp(cause->text, text) == 0;
}

static bool ended_plainly(const belay_ctx *ctx)
{
    return ended_with(ctx, BELAY_CANCELED, BELAY_CANCELED, "context canceled");
}

static bool ended_by_deadline(const belay_ctx *ctx)
{
    return ended_with(ctx, BELAY_DEADLINE_EXCEEDED, BELAY_DEADLINE_EXCEEDED,
                      "context deadline exceeded");
}

/* CU03 */
TEST(a_plain_cancel_has_the_plain_cause)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_cause(ctx) == NULL);

    belay_cancel(ctx);

    CHECK(ended_plainly(ctx));
    belay_end(ctx);
}

/* CU04 */
TEST(a_cause_never_changes_the_error)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_cancel_cause(ctx, -EPIPE, "client left"));

    CHECK(ended_with(ctx, BELAY_CANCELED, -EPIPE, "client left"));
    belay_end(ctx);
}

/* S31 */
TEST(a_cause_that_names_the_deadline_is_still_a_cancel)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_cancel_cause(ctx, BELAY_DEADLINE_EXCEEDED, NULL));

    CHECK(ended_with(ctx, BELAY_CANCELED, BELAY_DEADLINE_EXCEEDED,
                     "context deadline exceeded"));
    belay_end(ctx);
}

/* CU06, S32 */
TEST(a_parents_cause_stays_when_the_child_is_canceled_later)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel_cause(parent, 1, "parent"));
    CHECK(!belay_cancel_cause(child, 2, "child"));

    CHECK(ended_with(parent, BELAY_CANCELED, 1, "parent"));
    CHECK(ended_with(child, BELAY_CANCELED, 1, "parent"));
    belay_end(child);
    belay_end(parent);
}

/* CU08 */
TEST(a_parents_cause_stays_when_the_child_is_plainly_canceled_later)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel_cause(parent, 1, "parent"));
    CHECK(!belay_cancel(child));

    CHECK(ended_with(child, BELAY_CANCELED, 1, "parent"));
    belay_end(child);
    belay_end(parent);
}

/* CU09 */
TEST(a_plainly_canceled_child_takes_no_cause_from_its_parent)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel(child));
    CHECK(belay_cancel_cause(parent, 1, "parent"));

    CHECK(ended_plainly(child));
    CHECK(ended_with(parent, BELAY_CANCELED, 1, "parent"));
    belay_end(child);
    belay_end(parent);
}

/* CU10 */
TEST(a_plainly_canceled_parent_leaves_no_room_for_a_childs_cause)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel(parent));
    CHECK(!belay_cancel_cause(child, 2, "child"));

    CHECK(ended_plainly(parent));
    CHECK(ended_plainly(child));
    belay_end(child);
    belay_end(parent);
}

/* CU11, S32 */
TEST(a_childs_cause_stays_its_own)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel_cause(child, 2, "child"));
    CHECK(belay_cancel(parent));

    CHECK(ended_with(child, BELAY_CANCELED, 2, "child"));
    CHECK(ended_plainly(parent));
    belay_end(child);
    belay_end(parent);
}

/* CU12 */
TEST(a_deadline_in_the_past_wins_over_a_later_cancel)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);

    CHECK(!belay_cancel(ctx));

    CHECK(ended_by_deadline(ctx));
    belay_end(ctx);
}

/* CU13 */
TEST(a_cancel_before_the_deadline_is_a_plain_cancel)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);

    CHECK(belay_cancel(ctx));

    CHECK(ended_plainly(ctx));
    belay_end(ctx);
}

/* CU14 */
TEST(a_deadline_may_have_a_cause_of_its_own)
{
    belay_ctx *after = belay_with_timeout_cause(NULL, 0, -EAGAIN, "too slow");
    belay_ctx *when =
        belay_with_deadline_cause(NULL, belay_now(), -EAGAIN, "too slow");

    CHECK(!belay_cancel(after));

    CHECK(ended_with(after, BELAY_DEADLINE_EXCEEDED, -EAGAIN, "too slow"));
    CHECK(ended_with(when, BELAY_DEADLINE_EXCEEDED, -EAGAIN, "too slow"));
    belay_end(after);
    belay_end(when);
}

/* S34 */
TEST(a_cancel_before_the_deadline_has_nothing_of_the_deadlines_cause)
{
    belay_ctx *ctx =
        belay_with_timeout_cause(NULL, BELAY_HOUR, -EAGAIN, "too slow");

    CHECK(belay_cancel(ctx));

    CHECK(ended_plainly(ctx));
    belay_end(ctx);
}

/* Where Belay leaves Go: there, only WithCancelCause takes one. */
TEST(a_context_with_a_deadline_can_be_canceled_with_a_cause)
{
    belay_ctx *ctx =
        belay_with_timeout_cause(NULL, BELAY_HOUR, -EAGAIN, "too slow");

    CHECK(belay_cancel_cause(ctx, -EPIPE, "client left"));

    CHECK(ended_with(ctx, BELAY_CANCELED, -EPIPE, "client left"));
    belay_end(ctx);
}

/* CU16 */
TEST(a_deadlines_cause_stays_when_the_parent_is_canceled_later)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_timeout_cause(parent, 0, 3, "too slow");

    CHECK(belay_cancel_cause(parent, 1, "parent"));

    CHECK(ended_with(child, BELAY_DEADLINE_EXCEEDED, 3, "too slow"));
    CHECK(ended_with(parent, BELAY_CANCELED, 1, "parent"));
    belay_end(child);
    belay_end(parent);
}

/* S35, S36: the parent's deadline is the one that fires. */
TEST(a_deadlines_cause_is_dropped_where_the_parents_deadline_is_earlier)
{
    belay_ctx *parent =
        belay_with_timeout_cause(NULL, BELAY_MILLISECOND, 1, "parent");
    belay_ctx *child = belay_with_timeout_cause(parent, BELAY_HOUR, 2, "child");

    CHECK(belay_wait(child) == BELAY_DEADLINE_EXCEEDED);

    CHECK(ended_with(parent, BELAY_DEADLINE_EXCEEDED, 1, "parent"));
    CHECK(ended_with(child, BELAY_DEADLINE_EXCEEDED, 1, "parent"));
    belay_end(child);
    belay_end(parent);
}

/* S33 */
TEST(a_cause_reaches_every_depth_through_every_kind)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *top = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(top, &key, NULL);
    belay_ctx *timed =
        belay_with_timeout_cause(value, BELAY_HOUR, -EIO, "slow");
    belay_ctx *leaf = belay_with_cancel(timed);

    CHECK(belay_cancel_cause(top, -EPIPE, "client left"));

    CHECK(ended_with(value, BELAY_CANCELED, -EPIPE, "client left"));
    CHECK(ended_with(timed, BELAY_CANCELED, -EPIPE, "client left"));
    CHECK(ended_with(leaf, BELAY_CANCELED, -EPIPE, "client left"));
    belay_end(leaf);
    belay_end(timed);
    belay_end(value);
    belay_end(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_cancel_has_the_plain_cause),
        cmocka_unit_test(a_cause_never_changes_the_error),
        cmocka_unit_test(a_cause_that_names_the_deadline_is_still_a_cancel),
        cmocka_unit_test(
            a_parents_cause_stays_when_the_child_is_canceled_later),
        cmocka_unit_test(
            a_parents_cause_stays_when_the_child_is_plainly_canceled_later),
        cmocka_unit_test(
            a_plainly_canceled_child_takes_no_cause_from_its_parent),
        cmocka_unit_test(
            a_plainly_canceled_parent_leaves_no_room_for_a_childs_cause),
        cmocka_unit_test(a_childs_cause_stays_its_own),
        cmocka_unit_test(a_deadline_in_the_past_wins_over_a_later_cancel),
        cmocka_unit_test(a_cancel_before_the_deadline_is_a_plain_cancel),
        cmocka_unit_test(a_deadline_may_have_a_cause_of_its_own),
        cmocka_unit_test(
            a_cancel_before_the_deadline_has_nothing_of_the_deadlines_cause),
        cmocka_unit_test(
            a_context_with_a_deadline_can_be_canceled_with_a_cause),
        cmocka_unit_test(
            a_deadlines_cause_stays_when_the_parent_is_canceled_later),
        cmocka_unit_test(
            a_deadlines_cause_is_dropped_where_the_parents_deadline_is_earlier),
        cmocka_unit_test(a_cause_reaches_every_depth_through_every_kind),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
