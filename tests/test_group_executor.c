/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <belay/group.h>

/* Groups that run on the caller's executor. */

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

static int run_here(void *arg, void (*fn)(void *fn_arg), void *fn_arg)
{
    ++*(int *)arg;
    fn(fn_arg);
    return 0;
}

TEST(an_executor_may_run_a_job_before_it_returns)
{
    int calls = 0;
    atomic_int done = 0;
    struct node children[3];
    const struct belay_group_rules rules = {.run = run_here, .run_arg = &calls};
    belay_group *group = belay_group_start(NULL, &rules);
    struct node root = {group, &done, 1, children};

    CHECK(belay_group_go(group, grow, &root) == 0);

    CHECK(calls > 0 && done == 4);
    CHECK(belay_group_wait(group) == 0);
    belay_group_end(group);
}

struct call {
    void (*fn)(void *arg);
    void *arg;
};

static void *make_call(void *arg)
{
    struct call call = *(struct call *)arg;
    free(arg);
    call.fn(call.arg);
    return NULL;
}

static int run_elsewhere(void *arg, void (*fn)(void *fn_arg), void *fn_arg)
{
    struct call *call = malloc(sizeof *call);
    pthread_t thread;
    (void)arg;
    *call = (struct call){fn, fn_arg};
    return -pthread_create(&thread, NULL, make_call, call) |
           -pthread_detach(thread);
}

TEST(an_executor_has_a_thread_for_each_job_where_it_gives_one)
{
    enum { MANY = 5 };
    struct gate gate;
    make_gate(&gate);
    const struct belay_group_rules rules = {.run = run_elsewhere};
    belay_group *group = belay_group_start(NULL, &rules);
    for (int i = 0; i < MANY; ++i)
        CHECK(belay_group_go(group, pass, &gate) == 0);

    for (int i = 0; i < MANY; ++i)
        await(&gate.entered);
    for (int i = 0; i < MANY; ++i)
        sem_post(&gate.leave);

    CHECK(belay_group_wait(group) == 0);
    belay_group_end(group);
}

static int run_nothing(void *arg, void (*fn)(void *fn_arg), void *fn_arg)
{
    (void)fn;
    (void)fn_arg;
    return *(int *)arg;
}

TEST(what_an_executor_refuses_is_refused)
{
    int code = -EBUSY;
    atomic_int done = 0;
    const struct belay_group_rules rules = {.run = run_nothing,
                                            .run_arg = &code};
    belay_group *group = belay_group_start(NULL, &rules);

    CHECK(belay_group_try_go(group, count, &done) == -EBUSY);
    CHECK(belay_group_go(group, count, &done) == -EBUSY);
    CHECK(belay_group_go(group, count, &done) == BELAY_CANCELED);

    CHECK(belay_group_wait(group) == -EBUSY && done == 0);
    belay_group_end(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_executor_may_run_a_job_before_it_returns),
        cmocka_unit_test(
            an_executor_has_a_thread_for_each_job_where_it_gives_one),
        cmocka_unit_test(what_an_executor_refuses_is_refused),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
