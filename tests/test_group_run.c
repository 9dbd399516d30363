/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <belay/group.h>

#include <dirent.h>
#include <signal.h>

/* Limits, and who runs the jobs of a group. */

static void *do_nothing(void *arg)
{
    return arg;
}

/* --- Threads ------------------------------------------------------------ */

TEST(each_job_has_a_thread_to_itself)
{
    enum { MANY = 20 };
    struct gate gate;
    make_gate(&gate);
    belay_group *group = belay_group_start(NULL, NULL);
    for (int i = 0; i < MANY; ++i)
        CHECK(belay_group_go(group, pass, &gate) == 0);

    for (int i = 0; i < MANY; ++i)
        await(&gate.entered);

    for (int i = 0; i < MANY; ++i)
        sem_post(&gate.leave);
    CHECK(belay_group_end(group) == 0);
}

static int count_threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    int count = -2; /* "." and ".." */
    while (readdir(directory) != NULL)
        ++count;
    closedir(directory);
    return count;
}

TEST(of_many_threads_that_are_idle_some_stay)
{
    enum { MANY = 100, ENOUGH = 32 };
    struct gate gate;
    make_gate(&gate);
    join(start(do_nothing, NULL)); /* a sanitizer may add one of its own */
    int before = count_threads();
    belay_group *group = belay_group_start(NULL, NULL);
    for (int i = 0; i < MANY; ++i)
        CHECK(belay_group_go(group, pass, &gate) == 0);
    for (int i = 0; i < MANY; ++i)
        await(&gate.entered);

    for (int i = 0; i < MANY; ++i)
        sem_post(&gate.leave);

    while (count_threads() > before + ENOUGH)
        sched_yield(); /* the watchdog fails this test */
    CHECK(belay_group_end(group) == 0);
}

TEST(many_short_jobs_all_run)
{
    enum { MANY = SANITIZED ? 10000 : 100000 };
    const struct belay_group_rules table[] = {
        {.limit = 0}, {.limit = 2, .queue = 100}, {.limit = 3}};
    for (size_t i = 0; i < LENGTH(table); ++i) {
        atomic_int done = 0;
        belay_group *group = belay_group_start(NULL, &table[i]);

        for (int n = 0; n < MANY; ++n)
            CHECK(belay_group_go(group, count, &done) == 0);

        CHECK(belay_group_wait(group) == 0 && done == MANY);
        belay_group_end(group);
    }
}

struct thread_seen {
    char name[16];
    bool is_blocked;
};

static int look_at_thread(const belay_ctx *ctx, void *arg)
{
    struct thread_seen *seen = arg;
    sigset_t mask;
    (void)ctx;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    seen->is_blocked =
        sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGINT);
    return 0;
}

TEST(threads_are_named_and_take_no_signals)
{
    struct thread_seen seen = {0};
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, look_at_thread, &seen) == 0);

    belay_group_end(group);

    assert_string_equal(seen.name, "belay-work");
    CHECK(seen.is_blocked);
}

static int leave_the_thread(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    atomic_fetch_add((atomic_int *)arg, 1);
    pthread_exit(NULL);
}

TEST(a_job_that_leaves_its_thread_has_failed_and_loses_no_other)
{
    enum { EACH = 50 };
    atomic_int done = 0;
    const struct belay_group_rules rules = {
        .until = BELAY_UNTIL_DONE, .limit = 2, .queue = 2 * EACH};
    belay_group *group = belay_group_start(NULL, &rules);
    for (int i = 0; i < EACH; ++i) {
        CHECK(belay_group_go(group, leave_the_thread, &done) == 0);
        CHECK(belay_group_go(group, count, &done) == 0);
    }

    CHECK(belay_group_wait(group) == BELAY_CANCELED && done == 2 * EACH);
    belay_group_end(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_has_a_thread_to_itself),
        cmocka_unit_test(of_many_threads_that_are_idle_some_stay),
        cmocka_unit_test(many_short_jobs_all_run),
        cmocka_unit_test(threads_are_named_and_take_no_signals),
        cmocka_unit_test(
            a_job_that_leaves_its_thread_has_failed_and_loses_no_other),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
