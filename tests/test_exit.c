/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/belay.h>

/* exit() never waits for a callback, and never for a thread that waits.  Each
   test is a process that leaves with 7 though something of its is in progress
   for ever.  Class Q. */

enum { LEFT = 7 };

static void exit_7(void)
{
    exit(LEFT);
}

static void quick_exit_7(void)
{
    quick_exit(LEFT);
}

static void exit_7_at_once(void)
{
    _exit(LEFT);
}

static void (*const ways_to_leave[])(void) = {exit_7, quick_exit_7,
                                              exit_7_at_once};

struct process {
    void (*leave)(void);
    belay_ctx *ctx;
    struct belay_watch watch;
    struct belay_after *after;
    sem_t entered;
};

static void check_leaving(void (*run)(void *arg))
{
    for (size_t i = 0; i < LENGTH(ways_to_leave); ++i) {
        struct process process = {.leave = ways_to_leave[i]};
        sem_init(&process.entered, 0, 0);

        CHECK(in_child(run, &process) == LEFT);
    }
}

static void enter_for_ever(void *arg)
{
    struct process *process = arg;
    sem_post(&process->entered);
    for (;;)
        pause();
}

static void watch_for_ever(void *arg, int err)
{
    (void)err;
    enter_for_ever(arg);
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

static void in_another_threads_watch(void *arg)
{
    struct process *process = arg;
    pthread_t thread;
    process->ctx = belay_with_cancel(NULL);
    EXPECT(belay_watch(process->ctx, &process->watch, watch_for_ever, process));
    EXPECT(pthread_create(&thread, NULL, cancel, process->ctx) == 0);
    await(&process->entered);
    process->leave();
}

TEST(leaving_does_not_wait_for_a_watch_on_another_thread)
{
    check_leaving(in_another_threads_watch);
}

static void in_a_watch_on_the_clock(void *arg)
{
    struct process *process = arg;
    belay_duration d = BELAY_MILLISECOND;
    process->ctx = belay_with_timeout(NULL, d);
    while (
        !belay_watch(process->ctx, &process->watch, watch_for_ever, process)) {
        belay_end(process->ctx);
        process->ctx = belay_with_timeout(NULL, d *= 2);
    }
    await(&process->entered);
    process->leave();
}

TEST(leaving_does_not_wait_for_a_watch_on_the_clocks_thread)
{
    check_leaving(in_a_watch_on_the_clock);
}

static void in_an_after_function(void *arg)
{
    struct process *process = arg;
    process->ctx = belay_with_cancel(NULL);
    process->after = belay_after_func(process->ctx, enter_for_ever, process);
    belay_cancel(process->ctx);
    await(&process->entered);
    process->leave();
}

/* Rule 11 */
TEST(leaving_does_not_wait_for_an_after_function)
{
    check_leaving(in_an_after_function);
}

static void *wait_for_ever(void *arg)
{
    struct process *process = arg;
    sem_post(&process->entered);
    belay_wait(process->ctx);
    _exit(1);
}

static void in_a_wait(void *arg)
{
    struct process *process = arg;
    pthread_t thread;
    process->ctx = belay_with_timeout(NULL, BELAY_HOUR);
    EXPECT(pthread_create(&thread, NULL, wait_for_ever, process) == 0);
    await(&process->entered);
    process->leave();
}

TEST(leaving_does_not_wait_for_a_wait)
{
    check_leaving(in_a_wait);
}

static void with_everything_idle(void *arg)
{
    struct process *process = arg;
    process->ctx = belay_with_timeout(NULL, BELAY_HOUR);
    process->after = belay_after_func(process->ctx, enter_for_ever, process);
    process->leave();
}

TEST(leaving_does_not_wait_for_deadlines_and_registrations)
{
    check_leaving(with_everything_idle);
}

/* --- From inside -------------------------------------------------------- */

static void leave_in_watch(void *arg, int err)
{
    (void)err;
    ((struct process *)arg)->leave();
}

static void leave_in_after(void *arg)
{
    ((struct process *)arg)->leave();
}

static void from_a_watch(void *arg)
{
    struct process *process = arg;
    process->ctx = belay_with_timeout(NULL, BELAY_HOUR);
    EXPECT(belay_watch(process->ctx, &process->watch, leave_in_watch, process));
    belay_cancel(process->ctx);
}

static void from_a_watch_on_the_clock(void *arg)
{
    struct process *process = arg;
    process->ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    if (!belay_watch(process->ctx, &process->watch, leave_in_watch, process))
        process->leave(); /* too late to watch: another run will see it */
    for (;;)
        pause();
}

static void from_an_after_function(void *arg)
{
    struct process *process = arg;
    process->ctx = belay_with_timeout(NULL, 0);
    process->after = belay_after_func(process->ctx, leave_in_after, process);
    for (;;)
        pause();
}

TEST(a_process_may_leave_from_inside_a_callback)
{
    check_leaving(from_a_watch);
    check_leaving(from_a_watch_on_the_clock);
    check_leaving(from_an_after_function);
}

/* --- Late --------------------------------------------------------------- */

static struct process *late;

static void use_late(void)
{
    belay_ctx *child = belay_with_timeout(late->ctx, BELAY_HOUR);
    belay_ctx *plain = belay_with_cancel(late->ctx);
    EXPECT(belay_err(child) == 0 || belay_err(child) == -ENOMEM);
    EXPECT(belay_cancel(late->ctx));
    EXPECT(belay_err(plain) == BELAY_CANCELED);
    belay_end(plain);
    belay_end(child);
    belay_end(late->ctx);
}

static void in_an_exit_handler(void *arg)
{
    late = arg;
    EXPECT(atexit(use_late) == 0 && at_quick_exit(use_late) == 0);
    late->ctx = belay_with_timeout(NULL, BELAY_HOUR);
    late->leave();
}

TEST(the_library_may_be_used_while_the_process_leaves)
{
    check_leaving(in_an_exit_handler);
}

/* --- While other threads are anywhere ----------------------------------- */

static void nothing(void *arg)
{
    (void)arg;
}

static void *be_busy(void *arg)
{
    struct process *process = arg;
    for (;;) {
        belay_ctx *child = belay_with_timeout(process->ctx, 1000);
        belay_after_stop(belay_after_func(child, nothing, NULL));
        belay_fd(child);
        belay_end(child);
        sem_post(&process->entered);
    }
    return NULL;
}

static void while_threads_are_busy(void *arg)
{
    struct process *process = arg;
    pthread_t threads[2];
    process->ctx = belay_with_cancel(NULL);
    for (size_t i = 0; i < LENGTH(threads); ++i)
        EXPECT(pthread_create(&threads[i], NULL, be_busy, process) == 0);
    for (int i = 0; i < 100; ++i)
        await(&process->entered);
    process->leave();
}

/* Reliability row 25 */
TEST(a_process_may_leave_while_its_threads_are_within_the_library)
{
    for (int round = 0; round < (SANITIZED ? 3 : 50); ++round)
        check_leaving(while_threads_are_busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_does_not_wait_for_a_watch_on_another_thread),
        cmocka_unit_test(
            leaving_does_not_wait_for_a_watch_on_the_clocks_thread),
        cmocka_unit_test(leaving_does_not_wait_for_an_after_function),
        cmocka_unit_test(leaving_does_not_wait_for_a_wait),
        cmocka_unit_test(leaving_does_not_wait_for_deadlines_and_registrations),
        cmocka_unit_test(a_process_may_leave_from_inside_a_callback),
        cmocka_unit_test(the_library_may_be_used_while_the_process_leaves),
        cmocka_unit_test(
            a_process_may_leave_while_its_threads_are_within_the_library),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
