/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/sync.h>

#include <limits.h>

TEST(nothing_to_do_is_not_waited_for)
{
    struct belay_wait_group group = BELAY_WAIT_GROUP_INIT;

    CHECK(belay_wait_group_wait(NULL, &group) == 0);
    CHECK(belay_wait_group_add(&group, 0) == 0);
    CHECK(belay_wait_group_wait(NULL, &group) == 0);
}

TEST(an_ended_context_is_refused_though_there_is_nothing_to_wait_for)
{
    struct belay_wait_group group = BELAY_WAIT_GROUP_INIT;
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);

    CHECK(belay_wait_group_wait(ctx, &group) == BELAY_CANCELED);

    belay_end(ctx);
}

TEST(a_deadline_ends_the_wait_for_a_group)
{
    struct belay_wait_group group = BELAY_WAIT_GROUP_INIT;
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    CHECK(belay_wait_group_add(&group, 2) == 0);
    CHECK(belay_wait_group_done(&group) == 0);

    CHECK(belay_wait_group_wait(ctx, &group) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_wait_group_done(&group) == 0);
    CHECK(belay_wait_group_wait(NULL, &group) == 0);
    belay_end(ctx);
}

TEST(a_count_stays_as_it_was_where_it_cannot_be_added_to)
{
    struct belay_wait_group group = BELAY_WAIT_GROUP_INIT;

    CHECK(belay_wait_group_done(&group) == -EINVAL);
    CHECK(belay_wait_group_add(&group, LONG_MAX) == 0);
    CHECK(belay_wait_group_add(&group, 1) == -EOVERFLOW);
    CHECK(belay_wait_group_add(&group, LONG_MIN) == -EINVAL);

    CHECK(belay_wait_group_add(&group, -LONG_MAX) == 0);
    CHECK(belay_wait_group_wait(NULL, &group) == 0);
}

static void *wait_for_all(void *group)
{
    return (void *)(intptr_t)belay_wait_group_wait(NULL, group);
}

TEST(many_may_wait_for_a_group)
{
    struct belay_wait_group group = BELAY_WAIT_GROUP_INIT;
    pthread_t waiting[8];
    CHECK(belay_wait_group_add(&group, 1) == 0);
    for (size_t i = 0; i < LENGTH(waiting); ++i)
        waiting[i] = start(wait_for_all, &group);

    CHECK(belay_wait_group_done(&group) == 0);

    for (size_t i = 0; i < LENGTH(waiting); ++i)
        CHECK(join(waiting[i]) == NULL);
}

/* --- The last one done, and whoever waits ------------------------------- */

struct end {
    struct belay_wait_group *group;
    int done; /* what the wait waits for */
    int seen;
};

static void set_up(void *arg)
{
    struct end *e = arg;
    e->done = 0;
    e->group = calloc(1, sizeof *e->group);
    CHECK(belay_wait_group_add(e->group, 1) == 0);
}

static void wait_and_free(void *arg)
{
    struct end *e = arg;
    if (belay_wait_group_wait(NULL, e->group) != 0)
        abort();
    e->seen = e->done;
    free(e->group);
}

static void be_done(void *arg)
{
    struct end *e = arg;
    struct belay_wait_group *group = e->group;
    e->done = 1;
    belay_wait_group_done(group);
}

static void look(void *arg)
{
    struct end *e = arg;
    CHECK(e->seen == 1);
}

TEST(a_group_may_be_freed_as_soon_as_it_has_been_waited_for)
{
    struct end e = {.group = NULL};

    run_race((struct race){set_up, wait_and_free, be_done, look, &e}, RACES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_do_is_not_waited_for),
        cmocka_unit_test(
            an_ended_context_is_refused_though_there_is_nothing_to_wait_for),
        cmocka_unit_test(a_deadline_ends_the_wait_for_a_group),
        cmocka_unit_test(a_count_stays_as_it_was_where_it_cannot_be_added_to),
        cmocka_unit_test(many_may_wait_for_a_group),
        cmocka_unit_test(
            a_group_may_be_freed_as_soon_as_it_has_been_waited_for),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
