/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Where and when a context ended. */

#define LINE_ABOVE(lines) line_above(__LINE__ - (lines))

/* The place of that line of this file. */
static const char *line_above(int line)
{
    static char place[40];
    snprintf(place, sizeof place, "test_place.c:%d", line);
    return place;
}

static const char *place_of(const belay_ctx *ctx)
{
    return belay_cause(ctx)->where;
}

TEST(a_cancel_is_where_the_caller_is)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    belay_cancel(ctx);

    assert_string_equal(place_of(ctx), LINE_ABOVE(2));
    belay_end(ctx);
}

TEST(a_cancel_with_a_cause_is_where_the_caller_is)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    belay_cancel_cause(ctx, -EPIPE, "%d", 1);

    assert_string_equal(place_of(ctx), LINE_ABOVE(2));
    belay_end(ctx);
}

TEST(an_end_is_where_the_caller_is)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_ctx *kept = belay_ref(ctx);

    belay_end(ctx);

    assert_string_equal(place_of(kept), LINE_ABOVE(2));
    belay_unref(kept);
}

TEST(an_end_that_comes_second_has_no_place)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_ctx *kept = belay_ref(ctx);
    belay_cancel(ctx);

    belay_end(ctx);

    assert_string_equal(place_of(kept), LINE_ABOVE(4));
    belay_unref(kept);
}

TEST(the_end_of_a_scope_is_where_the_context_was_made)
{
    const belay_ctx *kept;
    {
        BELAY_AUTO belay_ctx *ctx = belay_with_cancel(NULL);
        kept = belay_ref(ctx);
    }

    assert_string_equal(place_of(kept), LINE_ABOVE(4));
    belay_unref(kept);
}

TEST(a_deadline_is_where_it_was_set)
{
    belay_ctx *timeout = belay_with_timeout(NULL, 0);
    assert_string_equal(place_of(timeout), LINE_ABOVE(1));
    belay_ctx *deadline = belay_with_deadline(NULL, 0);
    assert_string_equal(place_of(deadline), LINE_ABOVE(1));
    belay_ctx *caused = belay_with_timeout_cause(NULL, 0, -EIO, "x");
    assert_string_equal(place_of(caused), LINE_ABOVE(1));
    belay_ctx *dated = belay_with_deadline_cause(NULL, 0, -EIO, "x");
    assert_string_equal(place_of(dated), LINE_ABOVE(1));

    belay_end(timeout);
    belay_end(deadline);
    belay_end(caused);
    belay_end(dated);
}

TEST(a_deadline_that_fires_is_where_it_was_set)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_ctx *child = belay_with_timeout(ctx, BELAY_HOUR);

    belay_wait(child);

    assert_string_equal(place_of(child), LINE_ABOVE(5));
    assert_string_equal(place_of(ctx), LINE_ABOVE(6));
    belay_end(child);
    belay_end(ctx);
}

TEST(an_inherited_end_is_where_the_ancestors_canceler_was)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *before = belay_with_cancel(parent);
    belay_cancel(parent);
    belay_ctx *after = belay_with_cancel(parent);

    assert_string_equal(place_of(before), LINE_ABOVE(3));
    assert_string_equal(place_of(after), LINE_ABOVE(4));
    belay_end(before);
    belay_end(after);
    belay_end(parent);
}

TEST(a_wrapper_gives_its_callers_place)
{
    belay_ctx *ctx = belay_with_cancel_at(NULL, "wrapper.c:1");
    belay_ctx *ended = belay_with_cancel_at(NULL, "wrapper.c:1");
    const belay_ctx *kept = belay_ref(ended);
    belay_ctx *late = belay_with_timeout_at(NULL, 0, "wrapper.c:4");

    belay_cancel_at(ctx, "wrapper.c:2");
    belay_end_at(ended, "wrapper.c:3");

    assert_string_equal(place_of(ctx), "wrapper.c:2");
    assert_string_equal(place_of(kept), "wrapper.c:3");
    assert_string_equal(place_of(late), "wrapper.c:4");
    belay_unref(kept);
    belay_end(ctx);
    belay_end(late);
}

TEST(a_wrapper_gives_a_place_with_its_cause)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *late =
        belay_with_deadline_cause_at(NULL, 0, -EIO, "late", "wrapper.c:5");

    belay_cancel_cause_at(ctx, "wrapper.c:6", -EPIPE, "%s", "left");

    assert_string_equal(place_of(ctx), "wrapper.c:6");
    assert_string_equal(belay_cause(ctx)->text, "left");
    assert_string_equal(place_of(late), "wrapper.c:5");
    belay_end(ctx);
    belay_end(late);
}

/* Calls past the macros have no place to give, and do all else. */
TEST(whatever_is_made_through_a_pointer_has_some_place)
{
    belay_ctx *(*with_cancel)(const belay_ctx *) = belay_with_cancel;
    belay_ctx *(*with_timeout)(const belay_ctx *, belay_duration) =
        belay_with_timeout;
    belay_ctx *(*with_deadline)(const belay_ctx *, belay_time) =
        belay_with_deadline;
    belay_ctx *made[] = {with_cancel(NULL), with_timeout(NULL, 0),
                         with_deadline(NULL, 0),
                         (belay_with_timeout_cause)(NULL, 0, -EIO, "late"),
                         (belay_with_deadline_cause)(NULL, 0, -EIO, "late")};

    belay_cancel(made[0]);

    for (size_t i = 0; i < LENGTH(made); ++i) {
        CHECK(place_of(made[i]) != NULL);
        (belay_end)(made[i]);
    }
}

TEST(whatever_is_ended_through_a_pointer_has_some_place)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *value = (belay_with_value)(NULL, &key, NULL);
    belay_ctx *detached = (belay_without_cancel)(value);
    belay_ctx *plain = belay_with_cancel(detached);
    belay_ctx *caused = belay_with_cancel(detached);

    CHECK((belay_cancel)(plain));
    CHECK((belay_cancel_cause)(caused, -EPIPE, "%d left", 7));

    CHECK(place_of(plain) != NULL && place_of(caused) != NULL);
    assert_string_equal(belay_cause(caused)->text, "7 left");
    (belay_end)(caused);
    (belay_end)(plain);
    (belay_end)(detached);
    (belay_end)(value);
}

/* --- The instant -------------------------------------------------------- */

TEST(an_end_has_its_instant)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_time before = belay_now();

    belay_cancel(ctx);

    CHECK(belay_cause(ctx)->when >= before);
    CHECK(belay_cause(ctx)->when <= belay_now());
    belay_end(ctx);
}

TEST(a_deadline_that_fires_has_its_instant)
{
    belay_time when = belay_now() + BELAY_MILLISECOND;
    belay_ctx *ctx = belay_with_deadline(NULL, when);

    belay_wait(ctx);

    CHECK(belay_cause(ctx)->when >= when);
    CHECK(belay_cause(ctx)->when <= belay_now());
    belay_end(ctx);
}

TEST(an_inherited_end_has_the_ancestors_instant)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *before = belay_with_cancel(parent);
    belay_cancel(parent);
    belay_ctx *after = belay_with_cancel(parent);

    CHECK(belay_cause(before)->when == belay_cause(parent)->when);
    CHECK(belay_cause(after)->when == belay_cause(parent)->when);
    belay_end(before);
    belay_end(after);
    belay_end(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_is_where_the_caller_is),
        cmocka_unit_test(a_cancel_with_a_cause_is_where_the_caller_is),
        cmocka_unit_test(an_end_is_where_the_caller_is),
        cmocka_unit_test(an_end_that_comes_second_has_no_place),
        cmocka_unit_test(the_end_of_a_scope_is_where_the_context_was_made),
        cmocka_unit_test(a_deadline_is_where_it_was_set),
        cmocka_unit_test(a_deadline_that_fires_is_where_it_was_set),
        cmocka_unit_test(an_inherited_end_is_where_the_ancestors_canceler_was),
        cmocka_unit_test(a_wrapper_gives_its_callers_place),
        cmocka_unit_test(a_wrapper_gives_a_place_with_its_cause),
        cmocka_unit_test(whatever_is_made_through_a_pointer_has_some_place),
        cmocka_unit_test(whatever_is_ended_through_a_pointer_has_some_place),
        cmocka_unit_test(an_end_has_its_instant),
        cmocka_unit_test(a_deadline_that_fires_has_its_instant),
        cmocka_unit_test(an_inherited_end_has_the_ancestors_instant),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
