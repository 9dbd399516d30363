/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/any.h>

/* A context that ends with any of several. */

static void make_parents(belay_ctx **made, const belay_ctx **parents,
                         size_t count)
{
    for (size_t i = 0; i < count; ++i)
        parents[i] = made[i] = belay_with_cancel(NULL);
}

static belay_ctx *any_of(const belay_ctx **parents, size_t count)
{
    return belay_with_any((const belay_ctx *const *)parents, count);
}

TEST(it_ends_when_any_parent_is_canceled_with_its_cause)
{
    for (size_t i = 0; i < 3; ++i) {
        belay_ctx *made[3];
        const belay_ctx *parents[3];
        make_parents(made, parents, 3);
        belay_ctx *ctx = any_of(parents, 3);
        CHECK(belay_err(ctx) == 0);

        belay_cancel_cause_at(made[i], "here.c:1", -EPIPE, "client left");

        CHECK(belay_err(ctx) == BELAY_CANCELED);
        CHECK(belay_cause(ctx)->code == -EPIPE);
        assert_string_equal(belay_cause(ctx)->text, "client left");
        assert_string_equal(belay_cause(ctx)->where, "here.c:1");
        for (size_t k = 0; k < 3; ++k)
            belay_end(made[k]);
        belay_end(ctx);
    }
}

TEST(to_cancel_it_ends_no_parent)
{
    belay_ctx *made[2];
    const belay_ctx *parents[2];
    make_parents(made, parents, 2);
    belay_ctx *ctx = any_of(parents, 2);

    CHECK(belay_cancel(ctx));

    CHECK(belay_err(made[0]) == 0 && belay_err(made[1]) == 0);
    belay_end(ctx);
    belay_end(made[0]);
    belay_end(made[1]);
}

TEST(with_an_ended_parent_it_is_born_ended)
{
    for (size_t i = 0; i < 2; ++i) {
        belay_ctx *made[2];
        const belay_ctx *parents[2];
        make_parents(made, parents, 2);
        belay_cancel_cause(made[i], -EPIPE, "early");

        belay_ctx *ctx = any_of(parents, 2);

        CHECK(belay_err(ctx) == BELAY_CANCELED);
        assert_string_equal(belay_cause(ctx)->text, "early");
        belay_end(ctx);
        belay_end(made[0]);
        belay_end(made[1]);
    }
}

TEST(with_a_late_parent_it_is_born_late)
{
    belay_ctx *late = belay_with_timeout(NULL, 0);
    const belay_ctx *const parents[] = {NULL, late};

    belay_ctx *ctx = belay_with_any(parents, 2);

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    belay_end(late);
}

TEST(its_values_are_those_of_the_first)
{
    static const struct belay_key key = {"key", NULL};
    int one;
    int two;
    void *found = NULL;
    belay_ctx *first = belay_with_value(NULL, &key, &one);
    belay_ctx *second = belay_with_value(NULL, &key, &two);
    const belay_ctx *const parents[] = {first, second};
    belay_ctx *ctx = belay_with_any(parents, 2);

    CHECK(belay_value(ctx, &key, &found) && found == &one);

    belay_end(ctx);
    belay_end(second);
    belay_end(first);
}

TEST(its_deadline_is_the_earliest)
{
    belay_time found;
    belay_time soon = belay_now() + BELAY_HOUR;
    belay_ctx *second = belay_with_deadline(NULL, soon);
    belay_ctx *third = belay_with_deadline(NULL, soon + 1);
    const belay_ctx *const parents[] = {NULL, second, third};
    belay_ctx *ctx = belay_with_any(parents, 3);

    CHECK(belay_deadline(ctx, &found) && found == soon);

    belay_end(ctx);
    belay_end(third);
    belay_end(second);
}

TEST(of_no_parents_or_the_background_it_is_a_root)
{
    const belay_ctx *const parents[] = {NULL, belay_background(), NULL};
    for (size_t count = 0; count <= LENGTH(parents); ++count) {
        belay_ctx *ctx = belay_with_any(parents, count);

        CHECK(belay_err(ctx) == 0);
        CHECK(belay_cancel(ctx));

        belay_end(ctx);
    }
}

TEST(too_many_parents_are_refused)
{
    belay_ctx *ctx = belay_with_any(&(const belay_ctx *const){NULL}, SIZE_MAX);

    CHECK(belay_err(ctx) != 0 && belay_cause(ctx)->code == -ENOMEM);

    belay_end(ctx);
}

/* The edges hold the parents: as many as there are now. */
TEST(a_long_lived_parent_keeps_nothing_of_those_given_back)
{
    belay_ctx *made[2];
    const belay_ctx *parents[2];
    make_parents(made, parents, 2);
    for (int i = 0; i < 1000; ++i)
        belay_end(any_of(parents, 2));
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(made[1], &watch, count_call, &calls));

    CHECK(watch.next == NULL); /* the list of made[1]'s watches has no other */

    CHECK(belay_unwatch(&watch));
    belay_end(made[0]);
    belay_end(made[1]);
}

static void give_back(void *arg, int err)
{
    (void)err;
    belay_end(*(belay_ctx **)arg);
}

TEST(it_may_be_given_back_from_a_watch_of_its_own)
{
    belay_ctx *made[2];
    const belay_ctx *parents[2];
    make_parents(made, parents, 2);
    belay_ctx *ctx = any_of(parents, 2);
    struct belay_watch watch;
    CHECK(belay_watch(ctx, &watch, give_back, &ctx));

    CHECK(belay_cancel(made[1]));

    CHECK(!belay_unwatch(&watch));
    belay_end(made[0]);
    belay_end(made[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_when_any_parent_is_canceled_with_its_cause),
        cmocka_unit_test(to_cancel_it_ends_no_parent),
        cmocka_unit_test(with_an_ended_parent_it_is_born_ended),
        cmocka_unit_test(with_a_late_parent_it_is_born_late),
        cmocka_unit_test(its_values_are_those_of_the_first),
        cmocka_unit_test(its_deadline_is_the_earliest),
        cmocka_unit_test(of_no_parents_or_the_background_it_is_a_root),
        cmocka_unit_test(too_many_parents_are_refused),
        cmocka_unit_test(a_long_lived_parent_keeps_nothing_of_those_given_back),
        cmocka_unit_test(it_may_be_given_back_from_a_watch_of_its_own),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
