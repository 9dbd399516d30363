/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/failing.h"
#include "fakes/scarce.h"

#include <belay/flight.h>
#include <belay/group.h>
#include <belay/hedge.h>

#include <limits.h>

/* Groups, without memory and without threads. */

static int count(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int hold(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    await(arg);
    return 0;
}

TEST(without_memory_there_is_no_group)
{
    scarce_memory(0, 0);
    CHECK(belay_group_start(NULL, NULL) == NULL);
    scarce_nothing();
}

TEST(a_group_whose_context_was_refused_refuses)
{
    atomic_int done = 0;
    failing_between(ALLOCATE, 0, 0, -ENOMEM);
    belay_group *group = belay_group_start(NULL, NULL);
    failing_never();

    CHECK(belay_group_go(group, count, &done) == -ENOMEM);

    CHECK(belay_group_wait(group) == -ENOMEM && done == 0);
    belay_group_end(group);
}

TEST(a_job_for_which_there_is_no_memory_is_refused_and_a_failure)
{
    atomic_int done = 0;
    belay_group *group = belay_group_start(NULL, NULL);
    scarce_memory(0, 1);

    CHECK(belay_group_try_go(group, count, &done) == -ENOMEM);
    CHECK(belay_group_go(group, count, &done) == -ENOMEM);
    scarce_nothing();

    CHECK(belay_group_go(group, count, &done) == BELAY_CANCELED);
    CHECK(belay_group_wait(group) == -ENOMEM && done == 0);
    belay_group_end(group);
}

TEST(without_any_thread_a_job_is_refused)
{
    atomic_int done = 0;
    const struct belay_group_rules rules = {.until = BELAY_UNTIL_DONE};
    belay_group *group = belay_group_start(NULL, &rules);
    scarce_threads(0, 1);

    CHECK(belay_group_try_go(group, count, &done) == -EAGAIN);
    CHECK(belay_group_go(group, count, &done) == -EAGAIN);
    CHECK(belay_group_go(group, count, &done) == 0);
    scarce_nothing();

    CHECK(belay_group_wait(group) == -EAGAIN && done == 1);
    belay_group_end(group);
}

TEST(without_a_second_thread_jobs_share_the_first)
{
    atomic_int done = 0;
    sem_t gate;
    sem_init(&gate, 0, 0);
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, hold, &gate) == 0);
    scarce_threads(0, INT_MAX);

    for (int i = 0; i < 100; ++i)
        CHECK(belay_group_go(group, count, &done) == 0);
    sem_post(&gate);

    CHECK(belay_group_wait(group) == 0 && done == 100);
    scarce_nothing();
    belay_group_end(group);
}

static int leave_the_thread(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    await(arg);
    pthread_exit(NULL);
}

TEST(without_another_thread_the_one_that_leaves_serves_the_rest)
{
    atomic_int done = 0;
    sem_t gate;
    sem_init(&gate, 0, 0);
    const struct belay_group_rules rules = {.until = BELAY_UNTIL_DONE};
    belay_group *group = belay_group_start(NULL, &rules);
    CHECK(belay_group_go(group, leave_the_thread, &gate) == 0);
    scarce_threads(0, INT_MAX);
    for (int i = 0; i < 10; ++i)
        CHECK(belay_group_go(group, count, &done) == 0);

    sem_post(&gate);

    CHECK(belay_group_wait(group) == BELAY_CANCELED && done == 10);
    scarce_nothing();
    belay_group_end(group);
}

static int fail_in_words(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return belay_group_fail(-EIO, "no %s", "disk");
}

TEST(without_memory_for_words_a_failure_has_those_of_its_code)
{
    belay_group *group = belay_group_start(NULL, NULL);
    scarce_memory(1, INT_MAX);
    CHECK(belay_group_go(group, fail_in_words, NULL) == 0);

    CHECK(belay_group_wait(group) == -EIO);

    scarce_nothing();
    assert_string_equal(belay_group_failures(group)->text,
                        belay_strerror(-EIO));
    belay_group_end(group);
}

/* --- What stands on groups ---------------------------------------------- */

TEST(an_attempt_that_cannot_be_started_has_failed)
{
    atomic_int done = 0;
    const struct belay_attempt attempts[] = {{count, &done}, {count, &done}};

    scarce_threads(0, 0);
    CHECK(belay_hedge(NULL, attempts, 2, BELAY_FOREVER) == 1);
    scarce_threads(0, INT_MAX);
    CHECK(belay_hedge(NULL, attempts, 2, BELAY_FOREVER) == -EAGAIN);
    scarce_nothing();

    CHECK(done == 1);
}

TEST(without_memory_there_is_no_race)
{
    atomic_int done = 0;
    const struct belay_attempt attempts[] = {{count, &done}, {count, &done}};

    for (int n = 0; n < 2; ++n) { /* the contest, and its group */
        scarce_memory(n, n);
        CHECK(belay_race(NULL, attempts, 2) == -ENOMEM);
    }
    scarce_nothing();

    CHECK(done == 0);
}

static int fly(const belay_ctx *ctx, const void *key, size_t size, void *arg,
               void **ret_result)
{
    (void)key;
    (void)size;
    *ret_result = arg;
    return count(ctx, arg);
}

TEST(without_memory_there_are_no_flights)
{
    const struct belay_flight_plan plan = {fly, NULL, NULL};
    for (int n = 0; n < 2; ++n) {
        scarce_memory(n, n);
        CHECK(belay_flights_start(&plan) == NULL);
        scarce_nothing();
    }
}

TEST(a_flight_that_cannot_take_off_leaves_nothing)
{
    atomic_int done = 0;
    struct belay_flight *flight;
    const struct belay_flight_plan plan = {fly, &done, NULL};
    belay_flights *flights = belay_flights_start(&plan);

    scarce_memory(0, 0);
    CHECK(belay_flight_join(NULL, flights, "key", 3, &flight) == -ENOMEM);
    scarce_nothing();
    failing_between(ALLOCATE, 0, 0, -ENOMEM);
    CHECK(belay_flight_join(NULL, flights, "key", 3, &flight) == -ENOMEM);
    failing_between(ALLOCATE, 1, 1, -ENOMEM);
    CHECK(belay_flight_join(NULL, flights, "key", 3, &flight) == -ENOMEM);
    failing_never();
    scarce_threads(0, 0);
    CHECK(belay_flight_join(NULL, flights, "key", 3, &flight) == -EAGAIN);
    scarce_nothing();

    CHECK(belay_flight_join(NULL, flights, "key", 3, &flight) == 0);
    belay_flight_leave(flight);
    belay_flights_end(flights);
    CHECK(done == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_there_is_no_group),
        cmocka_unit_test(a_group_whose_context_was_refused_refuses),
        cmocka_unit_test(
            a_job_for_which_there_is_no_memory_is_refused_and_a_failure),
        cmocka_unit_test(without_any_thread_a_job_is_refused),
        cmocka_unit_test(without_a_second_thread_jobs_share_the_first),
        cmocka_unit_test(
            without_another_thread_the_one_that_leaves_serves_the_rest),
        cmocka_unit_test(
            without_memory_for_words_a_failure_has_those_of_its_code),
        cmocka_unit_test(an_attempt_that_cannot_be_started_has_failed),
        cmocka_unit_test(without_memory_there_is_no_race),
        cmocka_unit_test(without_memory_there_are_no_flights),
        cmocka_unit_test(a_flight_that_cannot_take_off_leaves_nothing),
    };
    watchdog();
    failing_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
