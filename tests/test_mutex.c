/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/sync.h>

static struct belay_mutex mutex = BELAY_MUTEX_INIT;

TEST(a_mutex_is_locked_once)
{
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);

    CHECK(belay_mutex_try_lock(&mutex) == -EAGAIN);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_try_lock(&mutex) == 0);
    CHECK(belay_mutex_unlock(&mutex) == 0);
}

TEST(to_unlock_what_is_not_locked_is_an_error)
{
    CHECK(belay_mutex_unlock(&mutex) == -EPERM);
    CHECK(belay_mutex_try_lock(&mutex) == 0);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_unlock(&mutex) == -EPERM);
}

TEST(zeros_are_a_mutex)
{
    struct belay_mutex zeros;
    memset(&zeros, 0, sizeof zeros);

    CHECK(belay_mutex_lock(NULL, &zeros) == 0);
    CHECK(belay_mutex_try_lock(&zeros) == -EAGAIN);
}

TEST(an_ended_context_locks_nothing)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);

    CHECK(belay_mutex_lock(ctx, &mutex) == BELAY_CANCELED);

    CHECK(belay_mutex_try_lock(&mutex) == 0);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    belay_end(ctx);
}

TEST(a_deadline_ends_the_wait_for_a_mutex)
{
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_mutex_lock(ctx, &mutex) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_try_lock(&mutex) == 0);
    CHECK(belay_mutex_unlock(&mutex) == 0);
    belay_end(ctx);
}

static void *unlock(void *arg)
{
    return (void *)(intptr_t)belay_mutex_unlock(arg);
}

TEST(one_thread_may_unlock_what_another_locked)
{
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);

    pthread_t thread = start(unlock, &mutex);
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);

    CHECK(join(thread) == NULL);
    CHECK(belay_mutex_unlock(&mutex) == 0);
}

/* --- Many at once ------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = SANITIZED ? 5000 : 50000 };

struct crowd {
    struct belay_mutex mutex;
    long count; /* under the mutex */
    bool is_inside;
    atomic_long locked;
    atomic_long refused;
};

static void *count_up(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < ROUNDS; ++i) {
        belay_ctx *ctx = NULL;
        if (i % 16 == 0)
            ctx = belay_with_timeout(NULL, i % 64 * BELAY_MICROSECOND);
        int err = belay_mutex_lock(ctx, &crowd->mutex);
        belay_end(ctx);
        atomic_fetch_add(err == 0 ? &crowd->locked : &crowd->refused, 1);
        if (err != 0)
            continue;
        if (crowd->is_inside)
            return crowd;
        crowd->is_inside = true;
        ++crowd->count;
        if (i % 8 == 0)
            sched_yield();
        crowd->is_inside = false;
        if (belay_mutex_unlock(&crowd->mutex) != 0)
            return crowd;
    }
    return NULL;
}

/* Waits that end in the middle of it lose nobody's turn: all come through. */
TEST(one_at_a_time_has_a_mutex_and_none_is_forgotten)
{
    struct crowd crowd = {.mutex = BELAY_MUTEX_INIT};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; ++i)
        threads[i] = start(count_up, &crowd);
    for (int i = 0; i < THREADS; ++i)
        CHECK(join(threads[i]) == NULL);

    CHECK(crowd.count == crowd.locked);
    CHECK(crowd.locked + crowd.refused == THREADS * ROUNDS);
    CHECK(crowd.refused > 0);
    CHECK(belay_mutex_try_lock(&crowd.mutex) == 0);
}

/* --- A lock that is given and one that is given up ---------------------- */

struct given_up {
    struct belay_mutex *mutex;
    belay_ctx *ctx;
    int err;
    int won; /* rounds in which it was locked */
    int lost;
};

static void set_up(void *arg)
{
    struct given_up *g = arg;
    g->ctx = belay_with_cancel(NULL);
    g->mutex = calloc(1, sizeof *g->mutex);
    CHECK(belay_mutex_lock(NULL, g->mutex) == 0);
}

/* Who has the mutex may free it as soon as it has unlocked it. */
static void lock_and_free(void *arg)
{
    struct given_up *g = arg;
    g->err = belay_mutex_lock(g->ctx, g->mutex);
    if (g->err != 0 && belay_mutex_lock(NULL, g->mutex) != 0)
        abort();
    belay_mutex_unlock(g->mutex);
    free(g->mutex);
}

static void cancel_and_unlock(void *arg)
{
    struct given_up *g = arg;
    struct belay_mutex *held = g->mutex;
    if ((g->won + g->lost) % 2 == 0)
        belay_cancel(g->ctx);
    belay_mutex_unlock(held);
}

static void look(void *arg)
{
    struct given_up *g = arg;
    CHECK(g->err == 0 || g->err == BELAY_CANCELED);
    ++*(g->err == 0 ? &g->won : &g->lost);
    belay_end(g->ctx);
}

TEST(a_mutex_may_be_freed_by_whoever_locked_it_last)
{
    struct given_up g = {.mutex = NULL};

    run_race((struct race){set_up, lock_and_free, cancel_and_unlock, look, &g},
             RACES);

    CHECK(g.won > 0 && g.lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mutex_is_locked_once),
        cmocka_unit_test(to_unlock_what_is_not_locked_is_an_error),
        cmocka_unit_test(zeros_are_a_mutex),
        cmocka_unit_test(an_ended_context_locks_nothing),
        cmocka_unit_test(a_deadline_ends_the_wait_for_a_mutex),
        cmocka_unit_test(one_thread_may_unlock_what_another_locked),
        cmocka_unit_test(one_at_a_time_has_a_mutex_and_none_is_forgotten),
        cmocka_unit_test(a_mutex_may_be_freed_by_whoever_locked_it_last),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
