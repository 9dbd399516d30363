/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "race.h"

#include <belay/group.h>

/* A group whose context ends while jobs are added. */

static int count(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

struct failing_race {
    belay_ctx *parent;
    belay_group *group;
    atomic_int ran;
    int taken;
};

static void prepare(void *arg)
{
    struct failing_race *race = arg;
    const struct belay_group_rules rules = {.limit = 1};
    race->parent = belay_with_cancel(NULL);
    race->group = belay_group_start(race->parent, &rules);
    race->ran = 0;
    race->taken = 0;
}

static void add_two(void *arg)
{
    struct failing_race *race = arg;
    for (int i = 0; i < 2; ++i)
        race->taken += belay_group_go(race->group, count, &race->ran) == 0;
}

static void cancel_parent(void *arg)
{
    struct failing_race *race = arg;
    belay_cancel(race->parent);
}

static void all_taken_ran(void *arg)
{
    struct failing_race *race = arg;
    int err = belay_group_wait(race->group);
    CHECK(race->ran == race->taken);
    CHECK(err == (race->taken == 2 ? 0 : BELAY_CANCELED));
    belay_group_end(race->group);
    belay_end(race->parent);
}

TEST(an_end_races_with_jobs_that_are_added)
{
    struct failing_race race;
    run_race(
        (struct race){prepare, add_two, cancel_parent, all_taken_ran, &race},
        RACES / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_races_with_jobs_that_are_added),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
