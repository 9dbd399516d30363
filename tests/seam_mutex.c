/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include "fakes/fake_clock.h"

#include <belay/sync.h>

/* Who gets a mutex, while the one that waits first is held where it has not
   looked at anything yet. */

struct waiter {
    struct belay_mutex *mutex;
    const belay_ctx *ctx;
};

static void *lock_it(void *arg)
{
    struct waiter *waiter = arg;
    return (void *)(intptr_t)belay_mutex_lock(waiter->ctx, waiter->mutex);
}

static struct belay_mutex locked_mutex(void)
{
    struct belay_mutex mutex = BELAY_MUTEX_INIT;
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);
    return mutex;
}

/* Unlocks mutex, passes the waiter that this calls, and has it wait again. */
static void pass(struct belay_mutex *mutex)
{
    CHECK(belay_mutex_unlock(mutex) == 0);
    CHECK(belay_mutex_try_lock(mutex) == 0);
    delay_hold("wait");
    delay_await("wait");
}

TEST(a_running_thread_may_pass_one_that_waits)
{
    fake_clock_start();
    struct belay_mutex mutex = locked_mutex();
    struct waiter waiter = {&mutex, NULL};
    pthread_t thread = start_and_hold(lock_it, &waiter);

    for (int i = 0; i < 10; ++i)
        pass(&mutex);

    delay_release("wait");
    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(join(thread) == NULL);
    CHECK(belay_mutex_try_lock(&mutex) == -EAGAIN);
    fake_clock_stop();
}

TEST(who_has_waited_for_a_millisecond_is_handed_the_mutex)
{
    fake_clock_start();
    struct belay_mutex mutex = locked_mutex();
    struct waiter waiter = {&mutex, NULL};
    pthread_t thread = start_and_hold(lock_it, &waiter);
    fake_clock_move(BELAY_MILLISECOND);
    pass(&mutex);

    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_try_lock(&mutex) == -EAGAIN);

    delay_release("wait");
    CHECK(join(thread) == NULL);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    fake_clock_stop();
}

TEST(a_mutex_that_was_handed_over_before_the_end_is_locked)
{
    fake_clock_start();
    struct belay_mutex mutex = locked_mutex();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter waiter = {&mutex, ctx};
    pthread_t thread = start_and_hold(lock_it, &waiter);
    fake_clock_move(BELAY_MILLISECOND);
    pass(&mutex);

    CHECK(belay_mutex_unlock(&mutex) == 0);
    belay_cancel(ctx);
    delay_release("wait");

    CHECK(join(thread) == NULL);
    CHECK(belay_mutex_try_lock(&mutex) == -EAGAIN);
    belay_end(ctx);
    fake_clock_stop();
}

/* The call that it had is not lost with it. */
TEST(who_is_called_and_leaves_has_the_next_one_called)
{
    fake_clock_start();
    struct belay_mutex mutex = locked_mutex();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter leaver = {&mutex, ctx}, stayer = {&mutex, NULL};
    pthread_t first = start_and_hold(lock_it, &leaver);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_try_lock(&mutex) == 0);
    delay_hold("sleep");
    pthread_t second = start(lock_it, &stayer);
    delay_await("sleep");
    belay_cancel(ctx);
    delay_release("wait");
    CHECK((intptr_t)join(first) == BELAY_CANCELED);

    CHECK(belay_mutex_unlock(&mutex) == 0);

    delay_release("sleep");
    CHECK(join(second) == NULL);
    belay_end(ctx);
    fake_clock_stop();
}

TEST(who_leaves_does_not_keep_those_that_wait_behind)
{
    struct belay_mutex mutex = locked_mutex();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter leaver = {&mutex, ctx}, stayer = {&mutex, NULL};
    pthread_t first = start_waiting(lock_it, &leaver);
    pthread_t second = start_waiting(lock_it, &stayer);

    belay_cancel(ctx);
    CHECK((intptr_t)join(first) == BELAY_CANCELED);
    CHECK(belay_mutex_unlock(&mutex) == 0);

    CHECK(join(second) == NULL);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_unlock(&mutex) == -EPERM);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_called_and_leaves_has_the_next_one_called),
        cmocka_unit_test(who_leaves_does_not_keep_those_that_wait_behind),
        cmocka_unit_test(a_running_thread_may_pass_one_that_waits),
        cmocka_unit_test(who_has_waited_for_a_millisecond_is_handed_the_mutex),
        cmocka_unit_test(a_mutex_that_was_handed_over_before_the_end_is_locked),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
