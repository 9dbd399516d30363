/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include <belay/sync.h>

/* Conditions and wait groups: who goes on, with each wait known to be one. */

struct waiter {
    const belay_ctx *ctx;
    struct belay_mutex *mutex;
    struct belay_cond *cond;
    atomic_int result;
};

enum { NOT_YET = 1 };

/* --- Condition ---------------------------------------------------------- */

static void *wait_for_signal(void *arg)
{
    struct waiter *waiter = arg;
    if (belay_mutex_lock(NULL, waiter->mutex) != 0)
        abort();
    int err = belay_cond_wait(waiter->ctx, waiter->cond, waiter->mutex);
    atomic_store(&waiter->result, err);
    belay_mutex_unlock(waiter->mutex);
    return NULL;
}

TEST(signals_let_threads_go_on_in_the_order_of_waiting)
{
    struct belay_mutex mutex = BELAY_MUTEX_INIT;
    struct belay_cond cond = BELAY_COND_INIT;
    struct waiter waiters[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i) {
        waiters[i] =
            (struct waiter){.mutex = &mutex, .cond = &cond, .result = NOT_YET};
        threads[i] = start_waiting(wait_for_signal, &waiters[i]);
    }
    for (int i = 0; i < 3; ++i) {
        belay_cond_signal(&cond);
        join(threads[i]);
        CHECK(waiters[i].result == 0);
        CHECK(i == 2 || waiters[i + 1].result == NOT_YET);
    }
}

TEST(a_signal_is_not_spent_on_a_thread_that_has_left)
{
    struct belay_mutex mutex = BELAY_MUTEX_INIT;
    struct belay_cond cond = BELAY_COND_INIT;
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter leaver = {.ctx = ctx, .mutex = &mutex, .cond = &cond};
    struct waiter stayer = {.mutex = &mutex, .cond = &cond};
    pthread_t first = start_waiting(wait_for_signal, &leaver);
    pthread_t second = start_waiting(wait_for_signal, &stayer);
    belay_cancel(ctx);
    join(first);

    belay_cond_signal(&cond);

    join(second);
    CHECK(leaver.result == BELAY_CANCELED && stayer.result == 0);
    belay_end(ctx);
}

/* Whoever has been signaled waits for the mutex without its context. */
TEST(a_wait_for_a_condition_returns_with_the_mutex_however_late)
{
    struct belay_mutex mutex = BELAY_MUTEX_INIT;
    struct belay_cond cond = BELAY_COND_INIT;
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter waiter = {
        .ctx = ctx, .mutex = &mutex, .cond = &cond, .result = NOT_YET};
    pthread_t thread = start_waiting(wait_for_signal, &waiter);
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);
    delay_hold("wait");

    belay_cancel(ctx);
    delay_await("wait");
    CHECK(waiter.result == NOT_YET);
    belay_mutex_unlock(&mutex);
    delay_release("wait");

    join(thread);
    CHECK(waiter.result == BELAY_CANCELED);
    belay_end(ctx);
}

struct signaling {
    struct belay_mutex mutex;
    struct belay_cond cond;
    belay_ctx *ctx;
    sem_t locked;
    sem_t go;
};

static void *lock_and_wait(void *arg)
{
    struct signaling *s = arg;
    if (belay_mutex_lock(NULL, &s->mutex) != 0)
        abort();
    sem_post(&s->locked);
    await(&s->go);
    int err = belay_cond_wait(s->ctx, &s->cond, &s->mutex);
    belay_mutex_unlock(&s->mutex);
    return (void *)(intptr_t)err;
}

static void *lock_and_signal(void *arg)
{
    struct signaling *s = arg;
    if (belay_mutex_lock(NULL, &s->mutex) != 0)
        abort();
    belay_cond_signal(&s->cond);
    belay_mutex_unlock(&s->mutex);
    return NULL;
}

/* It is held in the unlocking, while the other has the mutex and signals. */
TEST(a_signal_right_after_the_unlocking_is_not_missed)
{
    struct signaling s = {.ctx = belay_with_cancel(NULL)};
    sem_init(&s.locked, 0, 0);
    sem_init(&s.go, 0, 0);
    pthread_t waiting = start(lock_and_wait, &s);
    await(&s.locked);
    pthread_t signaling = start_and_hold(lock_and_signal, &s);
    delay_hold("drop");
    sem_post(&s.go);
    delay_await("drop");
    delay_release("wait");
    join(signaling);

    delay_release("drop");
    belay_cancel(s.ctx);

    CHECK(join(waiting) == NULL);
    belay_end(s.ctx);
}

/* --- Wait group --------------------------------------------------------- */

struct twice {
    struct belay_wait_group group;
    belay_ctx *ctx;
    int first;
    int second;
};

static void *wait_twice(void *arg)
{
    struct twice *twice = arg;
    twice->first = belay_wait_group_wait(NULL, &twice->group);
    belay_wait_group_add(&twice->group, 1);
    twice->second = belay_wait_group_wait(twice->ctx, &twice->group);
    return NULL;
}

static void *wait_once(void *arg)
{
    struct twice *twice = arg;
    return (void *)(intptr_t)belay_wait_group_wait(NULL, &twice->group);
}

static void *be_done(void *arg)
{
    struct twice *twice = arg;
    belay_wait_group_done(&twice->group);
    return NULL;
}

/* The first has gone on and waits again while the second is still to be let
   go: that is for the next time. */
TEST(whoever_comes_after_the_last_one_was_done_waits)
{
    struct twice twice = {.ctx = belay_with_cancel(NULL)};
    CHECK(belay_wait_group_add(&twice.group, 1) == 0);
    pthread_t first = start_and_hold(wait_twice, &twice);
    delay_hold("sleep");
    pthread_t second = start(wait_once, &twice);
    delay_await("sleep");
    delay_release("sleep");
    delay_hold("drop");
    pthread_t last = start(be_done, &twice);
    delay_await("drop");
    delay_hold("wait");
    delay_await("wait");

    delay_release("drop");
    join(last);
    CHECK(join(second) == NULL);
    belay_cancel(twice.ctx);
    delay_release("wait");

    join(first);
    CHECK(twice.first == 0 && twice.second == BELAY_CANCELED);
    belay_end(twice.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_let_threads_go_on_in_the_order_of_waiting),
        cmocka_unit_test(a_signal_is_not_spent_on_a_thread_that_has_left),
        cmocka_unit_test(
            a_wait_for_a_condition_returns_with_the_mutex_however_late),
        cmocka_unit_test(a_signal_right_after_the_unlocking_is_not_missed),
        cmocka_unit_test(whoever_comes_after_the_last_one_was_done_waits),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
