/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

static const struct belay_key first = {"key", NULL};
static const struct belay_key second = {"key", NULL};
static const struct belay_key third = {"key", NULL};

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

static const struct belay_key owned = {"owned", count_destroyed};

/* What is found, or NULL where there is none. */
static void *found(const belay_ctx *ctx, const struct belay_key *key)
{
    void *value = NULL;
    bool is_found = belay_value(ctx, key, &value);
    CHECK(is_found || value == NULL);
    return value;
}

/* VA01: keys are addresses, so that equal names do not collide. */
TEST(a_look_up_finds_its_own_key_only)
{
    int one, two, three;
    belay_ctx *c1 = belay_with_value(NULL, &first, &one);
    belay_ctx *c2 = belay_with_value(c1, &second, &two);
    belay_ctx *c3 = belay_with_value(c2, &third, &three);

    CHECK(found(c1, &first) == &one && found(c1, &second) == NULL);
    CHECK(found(c2, &first) == &one && found(c2, &second) == &two);
    CHECK(found(c2, &third) == NULL);
    CHECK(found(c3, &first) == &one && found(c3, &second) == &two);
    CHECK(found(c3, &third) == &three);

    belay_end(c3);
    belay_end(c2);
    belay_end(c1);
}

/* S51 */
TEST(the_nearest_value_is_found)
{
    int outer, inner;
    belay_ctx *above = belay_with_value(NULL, &first, &outer);
    belay_ctx *between = belay_with_cancel(above);
    belay_ctx *below = belay_with_value(between, &first, &inner);

    CHECK(found(below, &first) == &inner);
    CHECK(found(between, &first) == &outer);

    belay_end(below);
    belay_end(between);
    belay_end(above);
}

/* VA02; where Belay leaves Go: the NULL is found. */
TEST(a_stored_null_is_found_and_hides_an_outer_value)
{
    int outer;
    void *value = &outer;
    belay_ctx *above = belay_with_value(NULL, &first, &outer);
    belay_ctx *below = belay_with_value(above, &first, NULL);

    CHECK(belay_value(below, &first, &value));

    CHECK(value == NULL);
    belay_end(below);
    belay_end(above);
}

/* VA06 */
TEST(there_is_nothing_under_the_null_key)
{
    int number;
    void *value = &number;
    belay_ctx *ctx = belay_with_value(NULL, &first, &number);

    CHECK(!belay_value(ctx, NULL, &value));
    CHECK(!belay_value(NULL, NULL, &value));

    CHECK(value == &number);
    belay_end(ctx);
}

TEST(a_miss_leaves_the_result_alone)
{
    int number;
    void *value = &number;
    belay_ctx *ctx = belay_with_value(NULL, &first, NULL);

    CHECK(!belay_value(ctx, &second, &value));

    CHECK(value == &number);
    belay_end(ctx);
}

/* S56 */
TEST(values_are_found_through_every_kind_of_context)
{
    int number;
    belay_ctx *value = belay_with_value(NULL, &first, &number);
    belay_ctx *cancel = belay_with_cancel(value);
    belay_ctx *timed = belay_with_timeout(cancel, BELAY_HOUR);
    belay_ctx *detached = belay_without_cancel(timed);
    belay_ctx *other = belay_with_value(detached, &second, NULL);

    CHECK(found(cancel, &first) == &number);
    CHECK(found(timed, &first) == &number);
    CHECK(found(detached, &first) == &number);
    CHECK(found(other, &first) == &number);

    belay_end(other);
    belay_end(detached);
    belay_end(timed);
    belay_end(cancel);
    belay_end(value);
}

TEST(a_value_below_an_ended_context_is_found)
{
    int number;
    belay_ctx *parent = belay_with_timeout(NULL, 0);

    belay_ctx *value = belay_with_value(parent, &first, &number);

    CHECK(found(value, &first) == &number);
    CHECK(belay_err(value) == BELAY_DEADLINE_EXCEEDED);
    belay_end(value);
    belay_end(parent);
}

/* --- A value context has no end of its own ------------------------------ */

TEST(a_value_context_cannot_be_canceled)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(parent, &first, NULL);

    CHECK(!belay_cancel(value));
    CHECK(!belay_cancel_cause(value, -EPIPE, "no"));

    CHECK(belay_err(value) == 0);
    CHECK(belay_err(parent) == 0);
    belay_end(value);
    belay_end(parent);
}

TEST(ending_a_value_context_ends_nothing_below)
{
    int number;
    belay_ctx *value = belay_with_value(NULL, &first, &number);
    belay_ctx *child = belay_with_cancel(value);

    belay_end(value);

    CHECK(belay_err(child) == 0);
    CHECK(found(child, &first) == &number);
    belay_end(child);
}

/* S12 */
TEST(a_value_context_has_its_parents_end_and_deadline)
{
    belay_time when = 0;
    belay_time late = belay_now() + BELAY_HOUR;
    belay_ctx *parent = belay_with_deadline(NULL, late);
    belay_ctx *value = belay_with_value(parent, &first, NULL);

    CHECK(belay_deadline(value, &when) && when == late);
    belay_cancel_cause(parent, -EPIPE, "client left");

    CHECK(belay_err(value) == BELAY_CANCELED);
    CHECK(belay_cause(value)->code == -EPIPE);
    CHECK(belay_stopped(value) == 1);
    CHECK(belay_remaining(value) == 0);
    belay_end(value);
    belay_end(parent);
}

/* --- What becomes of a value: VA08 -------------------------------------- */

TEST(a_value_is_destroyed_once_when_its_context_is_given_back)
{
    int destroyed = 0;
    belay_ctx *ctx = belay_with_value(NULL, &owned, &destroyed);
    CHECK(destroyed == 0);

    belay_end(ctx);

    CHECK(destroyed == 1);
}

TEST(a_value_lives_as_long_as_whoever_was_derived_from_it)
{
    int destroyed = 0;
    belay_ctx *value = belay_with_value(NULL, &owned, &destroyed);
    belay_ctx *child = belay_with_cancel(value);
    belay_ctx *detached = belay_without_cancel(child);

    belay_end(value);
    belay_end(child);
    CHECK(destroyed == 0 && found(detached, &owned) == &destroyed);
    belay_end(detached);

    CHECK(destroyed == 1);
}

TEST(a_value_lives_as_long_as_a_reference)
{
    int destroyed = 0;
    belay_ctx *ctx = belay_with_value(NULL, &owned, &destroyed);
    const belay_ctx *kept = belay_ref(ctx);

    belay_end(ctx);
    CHECK(destroyed == 0 && found(kept, &owned) == &destroyed);
    belay_unref(kept);

    CHECK(destroyed == 1);
}

TEST(a_null_value_is_not_destroyed)
{
    static const struct belay_key fatal = {"fatal", (void (*)(void *))abort};
    belay_ctx *ctx = belay_with_value(NULL, &fatal, NULL);
    void *value = ctx;

    CHECK(belay_value(ctx, &fatal, &value) && value == NULL);

    belay_end(ctx);
}

TEST(canceling_destroys_no_value)
{
    int destroyed = 0;
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(parent, &owned, &destroyed);

    belay_cancel(parent);
    CHECK(destroyed == 0 && found(value, &owned) == &destroyed);
    belay_end(value);

    CHECK(destroyed == 1);
    belay_end(parent);
}

TEST(each_of_many_values_is_destroyed_once)
{
    int destroyed[100] = {0};
    belay_ctx *made[100];
    for (size_t i = 0; i < LENGTH(made); ++i)
        made[i] = belay_with_value(i == 0 ? NULL : made[i - 1], &owned,
                                   &destroyed[i]);

    for (size_t i = 0; i < LENGTH(made); ++i)
        belay_end(made[(i * 37) % LENGTH(made)]);

    for (size_t i = 0; i < LENGTH(made); ++i)
        CHECK(destroyed[i] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_up_finds_its_own_key_only),
        cmocka_unit_test(the_nearest_value_is_found),
        cmocka_unit_test(a_stored_null_is_found_and_hides_an_outer_value),
        cmocka_unit_test(there_is_nothing_under_the_null_key),
        cmocka_unit_test(a_miss_leaves_the_result_alone),
        cmocka_unit_test(values_are_found_through_every_kind_of_context),
        cmocka_unit_test(a_value_below_an_ended_context_is_found),
        cmocka_unit_test(a_value_context_cannot_be_canceled),
        cmocka_unit_test(ending_a_value_context_ends_nothing_below),
        cmocka_unit_test(a_value_context_has_its_parents_end_and_deadline),
        cmocka_unit_test(
            a_value_is_destroyed_once_when_its_context_is_given_back),
        cmocka_unit_test(a_value_lives_as_long_as_whoever_was_derived_from_it),
        cmocka_unit_test(a_value_lives_as_long_as_a_reference),
        cmocka_unit_test(a_null_value_is_not_destroyed),
        cmocka_unit_test(canceling_destroys_no_value),
        cmocka_unit_test(each_of_many_values_is_destroyed_once),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
