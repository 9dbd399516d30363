/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <belay/group.h>

/* Limits, and jobs that have to do with their own group.  The ids are those of
   Go's cases for errgroup. */

/* XS04 */
TEST(a_job_that_would_exceed_the_limit_is_refused_by_try)
{
    struct gate gate;
    make_gate(&gate);
    const struct belay_group_rules rules = {.limit = 2};
    belay_group *group = belay_group_start(NULL, &rules);

    CHECK(belay_group_try_go(group, pass, &gate) == 0);
    CHECK(belay_group_try_go(group, pass, &gate) == 0);
    CHECK(belay_group_try_go(group, pass, &gate) == -EAGAIN);

    sem_post(&gate.leave);
    sem_post(&gate.leave);
    CHECK(belay_group_wait(group) == 0);
    belay_group_end(group);
}

struct crowd {
    atomic_int running;
    atomic_int most;
};

static int be_one_of(const belay_ctx *ctx, void *arg)
{
    struct crowd *crowd = arg;
    int running = atomic_fetch_add(&crowd->running, 1) + 1;
    int most = atomic_load(&crowd->most);
    (void)ctx;
    while (running > most &&
           !atomic_compare_exchange_weak(&crowd->most, &most, running))
        continue;
    sched_yield();
    atomic_fetch_sub(&crowd->running, 1);
    return 0;
}

/* X3 */
TEST(no_more_jobs_run_at_once_than_the_limit)
{
    for (unsigned limit = 1; limit < 5; ++limit) {
        struct crowd crowd = {0};
        const struct belay_group_rules rules = {.limit = limit, .queue = 3};
        belay_group *group = belay_group_start(NULL, &rules);

        for (int i = 0; i < 500; ++i)
            CHECK(belay_group_go(group, be_one_of, &crowd) == 0);

        CHECK(belay_group_wait(group) == 0 && crowd.most <= (int)limit);
        belay_group_end(group);
    }
}

struct submitter {
    belay_group *group;
    struct gate *gate;
    sem_t begins;
    int err;
};

static void *submit(void *arg)
{
    struct submitter *self = arg;
    sem_post(&self->begins);
    self->err = belay_group_go(self->group, pass, self->gate);
    return NULL;
}

/* X3: Go's waits, whatever becomes of the context. */
TEST(waiting_for_room_ends_with_the_context)
{
    struct gate gate;
    make_gate(&gate);
    belay_ctx *parent = belay_with_cancel(NULL);
    const struct belay_group_rules rules = {.limit = 1};
    belay_group *group = belay_group_start(parent, &rules);
    CHECK(belay_group_go(group, pass, &gate) == 0);
    struct submitter submitter = {.group = group, .gate = &gate};
    sem_init(&submitter.begins, 0, 0);
    pthread_t thread = start(submit, &submitter);
    await(&submitter.begins);

    belay_cancel(parent);

    join(thread);
    CHECK(submitter.err == BELAY_CANCELED);
    sem_post(&gate.leave);
    CHECK(belay_group_wait(group) == BELAY_CANCELED);
    belay_group_end(group);
    belay_end(parent);
}

struct node {
    belay_group *group;
    atomic_int *done;
    int depth;
    struct node *children;
};

static int grow(const belay_ctx *ctx, void *arg)
{
    struct node *self = arg;
    (void)ctx;
    atomic_fetch_add(self->done, 1);
    for (int i = 0; self->depth > 0 && i < 3; ++i) {
        self->children[i] = (struct node){self->group, self->done, 0, NULL};
        if (belay_group_go(self->group, grow, &self->children[i]) != 0)
            return -EIO;
    }
    return 0;
}

TEST(a_job_starts_others_in_its_own_group_whatever_the_limit)
{
    for (unsigned limit = 0; limit < 3; ++limit) {
        const struct belay_group_rules rules = {.limit = limit};
        atomic_int done = 0;
        struct node children[3];
        belay_group *group = belay_group_start(NULL, &rules);
        struct node root = {group, &done, 1, children};

        CHECK(belay_group_go(group, grow, &root) == 0);

        CHECK(belay_group_wait(group) == 0 && done == 4);
        belay_group_end(group);
    }
}

struct self_waiter {
    belay_group *group;
    int waited;
    int ended;
};

static int wait_for_itself(const belay_ctx *ctx, void *arg)
{
    struct self_waiter *self = arg;
    self->waited = belay_group_wait(self->group);
    self->ended = belay_group_end(self->group);
    return belay_err(ctx) != 0 ? 0 : -EIO;
}

TEST(a_job_cannot_wait_for_its_own_group)
{
    belay_group *group = belay_group_start(NULL, NULL);
    struct self_waiter self = {group, 0, 0};
    CHECK(belay_group_go(group, wait_for_itself, &self) == 0);

    CHECK(belay_group_wait(group) == 0);

    CHECK(self.waited == -EDEADLK && self.ended == -EDEADLK);
    belay_group_end(group);
}

static int nest(const belay_ctx *ctx, void *arg)
{
    BELAY_GROUP_AUTO belay_group *inner = belay_group_start(ctx, NULL);
    belay_group_go(inner, count, arg);
    belay_group_go(inner, count, arg);
    return belay_group_wait(inner);
}

TEST(a_job_may_have_a_group_of_its_own)
{
    atomic_int done = 0;
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, nest, &done) == 0);

    CHECK(belay_group_wait(group) == 0 && done == 2);
    belay_group_end(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_that_would_exceed_the_limit_is_refused_by_try),
        cmocka_unit_test(no_more_jobs_run_at_once_than_the_limit),
        cmocka_unit_test(waiting_for_room_ends_with_the_context),
        cmocka_unit_test(
            a_job_starts_others_in_its_own_group_whatever_the_limit),
        cmocka_unit_test(a_job_cannot_wait_for_its_own_group),
        cmocka_unit_test(a_job_may_have_a_group_of_its_own),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
