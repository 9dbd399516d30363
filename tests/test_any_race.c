/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "race.h"

#include <belay/any.h>

/* A context that ends with any of several, which do so at once. */

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

struct ends {
    belay_ctx *made[2];
    belay_ctx *ctx;
};

static void prepare(void *arg)
{
    struct ends *ends = arg;
    const belay_ctx *parents[2];
    make_parents(ends->made, parents, 2);
    ends->ctx = any_of(parents, 2);
}

static void cancel_first(void *arg)
{
    struct ends *ends = arg;
    belay_cancel_cause(ends->made[0], -1, "first");
}

static void cancel_second(void *arg)
{
    struct ends *ends = arg;
    belay_cancel_cause(ends->made[1], -2, "second");
}

static void end_it(void *arg)
{
    struct ends *ends = arg;
    belay_end(ends->ctx);
}

static void one_has_ended_it(void *arg)
{
    struct ends *ends = arg;
    int code = belay_cause(ends->ctx)->code;
    CHECK(code == -1 || code == -2);
    belay_end(ends->ctx);
    belay_end(ends->made[0]);
    belay_end(ends->made[1]);
}

static void end_parents(void *arg)
{
    struct ends *ends = arg;
    CHECK(belay_err(ends->made[1]) == BELAY_CANCELED);
    belay_end(ends->made[0]);
    belay_end(ends->made[1]);
}

TEST(of_two_parents_at_once_one_is_the_cause)
{
    struct ends ends;
    run_race((struct race){prepare, cancel_first, cancel_second,
                           one_has_ended_it, &ends},
             RACES);
}

TEST(giving_it_back_races_with_the_end_of_a_parent)
{
    struct ends ends;
    run_race((struct race){prepare, end_it, cancel_second, end_parents, &ends},
             RACES);
}

static void prepare_parents(void *arg)
{
    struct ends *ends = arg;
    const belay_ctx *parents[2];
    make_parents(ends->made, parents, 2);
}

static void derive(void *arg)
{
    struct ends *ends = arg;
    const belay_ctx *const parents[] = {ends->made[0], ends->made[1]};
    ends->ctx = belay_with_any(parents, 2);
}

TEST(making_it_races_with_the_end_of_a_parent)
{
    struct ends ends;
    run_race((struct race){prepare_parents, derive, cancel_second,
                           one_has_ended_it, &ends},
             RACES);
    run_race((struct race){prepare_parents, cancel_first, derive,
                           one_has_ended_it, &ends},
             RACES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_parents_at_once_one_is_the_cause),
        cmocka_unit_test(giving_it_back_races_with_the_end_of_a_parent),
        cmocka_unit_test(making_it_races_with_the_end_of_a_parent),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
