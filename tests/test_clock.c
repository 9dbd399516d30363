/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/belay.h>

#include <dirent.h>
#include <fcntl.h>

/* The program drives the deadlines, from the first test to the last: that is
   for good.  Time is real. */

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    while (readdir(tasks) != NULL)
        ++count;
    closedir(tasks);
    return count - 2; /* . and .. */
}

static void wait_until_due(int fd)
{
    struct pollfd asked = {fd, POLLIN, 0};
    CHECK(poll(&asked, 1, -1) == 1);
}

static void *nothing(void *arg)
{
    return arg;
}

/* This test must be the first: it has a thread to lose.  The deadline may have
   fired on it already; if not, the program's turn must come. */
TEST(the_clocks_thread_ends_when_the_program_takes_over)
{
    join(start(nothing, NULL)); /* a sanitizer may have a thread of its own */
    int before = count_threads();
    belay_ctx *ctx = belay_with_timeout(NULL, 50 * BELAY_MILLISECOND);
    CHECK(count_threads() == before + 1);

    int fd = belay_clock_fd();
    CHECK(fd >= 0);
    while (count_threads() != before)
        sched_yield();
    if (belay_err(ctx) == 0) {
        wait_until_due(fd);
        CHECK(belay_clock_run() == 1);
    }

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(the_clock_has_one_descriptor_closed_on_exec)
{
    int fd = belay_clock_fd();

    CHECK(belay_clock_fd() == fd);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST(nothing_is_due_where_there_is_no_deadline)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_clock_run() == 0);

    CHECK(!is_readable(belay_clock_fd()));
    belay_end(ctx);
}

/* Rule 10 */
TEST(a_driven_clock_needs_no_thread)
{
    int before = count_threads();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(count_threads() == before);

    wait_until_due(belay_clock_fd());
    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(a_context_ends_only_when_the_clock_is_run)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_time when;
    CHECK(belay_deadline(ctx, &when));

    wait_until_due(belay_clock_fd());

    CHECK(belay_now() >= when);
    CHECK(belay_err(ctx) == 0);
    CHECK(belay_remaining(ctx) == 0);
    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(the_descriptor_is_not_readable_when_the_clock_was_run)
{
    belay_ctx *soon = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_ctx *late = belay_with_timeout(NULL, BELAY_HOUR);

    wait_until_due(belay_clock_fd());
    CHECK(belay_clock_run() == 1);

    CHECK(!is_readable(belay_clock_fd()));
    belay_end(late);
    belay_end(soon);
}

TEST(an_earlier_deadline_is_due_earlier)
{
    belay_ctx *late = belay_with_timeout(NULL, BELAY_HOUR);
    belay_ctx *soon = belay_with_timeout(NULL, BELAY_MILLISECOND);

    wait_until_due(belay_clock_fd());

    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(soon) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(late) == 0);
    belay_end(soon);
    belay_end(late);
}

/* What is counted are deadlines, not what was derived. */
TEST(running_the_clock_counts_the_deadlines_that_fired)
{
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_ctx *children[5];
    for (size_t i = 0; i < LENGTH(children); ++i)
        children[i] = belay_with_timeout(parent, BELAY_HOUR);
    belay_ctx *other = belay_with_timeout(NULL, BELAY_MILLISECOND);

    int fired = 0;
    while (belay_err(parent) == 0 || belay_err(other) == 0) {
        wait_until_due(belay_clock_fd());
        fired += belay_clock_run();
    }

    CHECK(fired == 2);
    for (size_t i = 0; i < LENGTH(children); ++i)
        belay_end(children[i]);
    belay_end(other);
    belay_end(parent);
}

static void keep_thread(void *arg, int err)
{
    (void)err;
    *(pthread_t *)arg = pthread_self();
}

static void *run_when_due(void *arg)
{
    (void)arg;
    int fired = 0;
    while (fired == 0) {
        struct pollfd asked = {belay_clock_fd(), POLLIN, 0};
        poll(&asked, 1, -1);
        fired = belay_clock_run();
    }
    return NULL;
}

TEST(a_watch_is_told_on_the_thread_that_runs_the_clock)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    pthread_t told_on = pthread_self();
    struct belay_watch watch;
    CHECK(belay_watch(ctx, &watch, keep_thread, &told_on));

    pthread_t runner = start(run_when_due, NULL);
    join(runner);

    CHECK(pthread_equal(told_on, runner));
    belay_end(ctx);
}

static int sleep_an_hour(const belay_ctx *ctx)
{
    return belay_sleep(ctx, BELAY_HOUR);
}

static int poll_nothing(const belay_ctx *ctx)
{
    struct pollfd none = {-1, POLLIN, 0};
    return belay_poll(ctx, &none, 1, -1);
}

/* Nobody else runs the clock here: whoever waits looks after itself. */
TEST(a_wait_ends_at_the_deadline_though_nobody_runs_the_clock)
{
    int (*ways[])(const belay_ctx *) = {belay_wait, sleep_an_hour,
                                        poll_nothing};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

        CHECK(ways[i](ctx) == BELAY_DEADLINE_EXCEEDED);

        CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
        belay_end(ctx);
    }
}

TEST(an_after_function_of_a_driven_deadline_runs)
{
    sem_t ran;
    sem_init(&ran, 0, 0);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct belay_after *after = belay_after_func(ctx, post, &ran);

    wait_until_due(belay_clock_fd());
    CHECK(belay_clock_run() == 1);

    await(&ran);
    CHECK(!belay_after_join(after));
    belay_end(ctx);
}

static void drive_in_child(void *inherited)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct pollfd asked = {belay_clock_fd(), POLLIN, 0};
    while (belay_err(ctx) == 0) { /* the other may be due first */
        EXPECT(poll(&asked, 1, -1) == 1);
        EXPECT(belay_clock_run() >= 1);
    }
    EXPECT(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    EXPECT(belay_wait(inherited) == BELAY_DEADLINE_EXCEEDED);
}

/* Rule 11: the timer is the child's own, as the descriptor is. */
TEST(a_child_drives_a_clock_of_its_own)
{
    belay_ctx *late = belay_with_timeout(NULL, BELAY_HOUR);
    belay_ctx *ctx = belay_with_timeout(late, 20 * BELAY_MILLISECOND);

    CHECK(in_child(drive_in_child, ctx) == 0);

    wait_until_due(belay_clock_fd());
    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    CHECK(!is_readable(belay_clock_fd()));
    belay_end(ctx);
    belay_end(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clocks_thread_ends_when_the_program_takes_over),
        cmocka_unit_test(the_clock_has_one_descriptor_closed_on_exec),
        cmocka_unit_test(nothing_is_due_where_there_is_no_deadline),
        cmocka_unit_test(a_driven_clock_needs_no_thread),
        cmocka_unit_test(a_context_ends_only_when_the_clock_is_run),
        cmocka_unit_test(the_descriptor_is_not_readable_when_the_clock_was_run),
        cmocka_unit_test(an_earlier_deadline_is_due_earlier),
        cmocka_unit_test(running_the_clock_counts_the_deadlines_that_fired),
        cmocka_unit_test(a_watch_is_told_on_the_thread_that_runs_the_clock),
        cmocka_unit_test(
            a_wait_ends_at_the_deadline_though_nobody_runs_the_clock),
        cmocka_unit_test(an_after_function_of_a_driven_deadline_runs),
        cmocka_unit_test(a_child_drives_a_clock_of_its_own),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
