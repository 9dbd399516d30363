/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "child.h"
#include "jobs.h"

#include <belay/any.h>
#include <belay/drain.h>
#include <belay/flight.h>
#include <belay/group.h>
#include <belay/idle.h>

/* Groups, and what comes with them, in the child of a fork(). */

static void use_group_in_child(void *arg)
{
    belay_group *group = arg;
    atomic_int done = 0;
    EXPECT(belay_group_go(group, count, &done) == -ECHILD);
    EXPECT(belay_group_try_go(group, count, &done) == -ECHILD);
    EXPECT(belay_group_wait(group) == -ECHILD);
    EXPECT(belay_group_failures(group) == NULL);
    EXPECT(belay_group_end(group) == 0);

    belay_group *own = belay_group_start(NULL, NULL);
    EXPECT(belay_group_go(own, count, &done) == 0);
    EXPECT(belay_group_wait(own) == 0 && done == 1);
    EXPECT(belay_group_end(own) == 0);
}

TEST(a_forked_child_has_no_part_in_its_parents_group)
{
    struct gate gate;
    make_gate(&gate);
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, pass, &gate) == 0);
    await(&gate.entered);

    CHECK(in_child(use_group_in_child, group) == 0);

    sem_post(&gate.leave);
    CHECK(belay_group_wait(group) == 0);
    belay_group_end(group);
}

static int fly(const belay_ctx *ctx, const void *key, size_t size, void *arg,
               void **ret_result)
{
    struct gate *gate = arg;
    (void)ctx;
    (void)key;
    (void)size;
    (void)ret_result;
    sem_post(&gate->entered);
    await(&gate->leave);
    return 0;
}

static void *travel(void *flights)
{
    struct belay_flight *flight;
    int err = belay_flight_join(NULL, flights, "key", 3, &flight);
    if (err == 0)
        belay_flight_leave(flight);
    return NULL;
}

static void use_in_child(void *arg)
{
    struct belay_flight *flight;
    EXPECT(belay_flight_join(NULL, arg, "key", 3, &flight) == -ECHILD);
    belay_flights_forget(arg, "key", 3);
    belay_flights_end(arg);
}

TEST(a_forked_child_has_no_part_in_its_parents_flights)
{
    struct gate gate;
    sem_init(&gate.entered, 0, 0);
    sem_init(&gate.leave, 0, 0);
    const struct belay_flight_plan plan = {fly, &gate, NULL};
    belay_flights *flights = belay_flights_start(&plan);
    pthread_t first = start(travel, flights);
    await(&gate.entered);

    CHECK(in_child(use_in_child, flights) == 0);

    sem_post(&gate.leave);
    join(first);
    belay_flights_end(flights);
}

static void leave_while_a_job_runs(void *arg)
{
    struct gate *gate = arg;
    belay_group *group = belay_group_start(NULL, NULL);
    EXPECT(belay_group_go(group, pass, gate) == 0);
    await(&gate->entered);
    exit(0);
}

TEST(a_process_leaves_while_a_job_runs)
{
    struct gate gate;
    make_gate(&gate);

    CHECK(in_child(leave_while_a_job_runs, &gate) == 0);
}

struct contexts {
    belay_ctx *parent;
    belay_ctx *ctx[3];
};

static void make_contexts(struct contexts *all)
{
    all->parent = belay_with_cancel(NULL);
    const belay_ctx *const parents[] = {NULL, all->parent};
    all->ctx[0] = belay_with_any(parents, 2);
    all->ctx[1] = belay_with_idle(all->parent, 50 * BELAY_MILLISECOND);
    all->ctx[2] = belay_with_drain(all->parent);
}

static void end_contexts(void *arg)
{
    struct contexts *all = arg;
    EXPECT(belay_wait(all->ctx[1]) == BELAY_CANCELED);
    EXPECT(belay_drain(all->ctx[2], BELAY_MILLISECOND));
    EXPECT(belay_wait(all->ctx[2]) == BELAY_CANCELED);
    EXPECT(belay_cancel(all->parent));
    EXPECT(belay_err(all->ctx[0]) == BELAY_CANCELED);
    for (size_t i = 0; i < LENGTH(all->ctx); ++i)
        belay_end(all->ctx[i]);
    belay_end(all->parent);
}

TEST(contexts_of_the_thread_that_forks_end_in_the_child)
{
    struct contexts all;
    make_contexts(&all);

    CHECK(in_child(end_contexts, &all) == 0);

    CHECK(belay_err(all.ctx[2]) == 0);
    for (size_t i = 0; i < LENGTH(all.ctx); ++i)
        belay_end(all.ctx[i]);
    belay_end(all.parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_has_no_part_in_its_parents_group),
        cmocka_unit_test(a_forked_child_has_no_part_in_its_parents_flights),
        cmocka_unit_test(a_process_leaves_while_a_job_runs),
        cmocka_unit_test(contexts_of_the_thread_that_forks_end_in_the_child),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
