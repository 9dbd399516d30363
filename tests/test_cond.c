/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/sync.h>

struct shelf {
    struct belay_mutex mutex;
    struct belay_cond filled;
    struct belay_cond emptied;
    int items; /* under the mutex */
    int taken;
    int refused;
};

static int take(const belay_ctx *ctx, struct shelf *shelf)
{
    int err = belay_mutex_lock(ctx, &shelf->mutex);
    if (err != 0)
        return err;
    while (shelf->items == 0 && err == 0)
        err = belay_cond_wait(ctx, &shelf->filled, &shelf->mutex);
    if (err == 0)
        --shelf->items;
    ++*(err == 0 ? &shelf->taken : &shelf->refused);
    belay_cond_signal(&shelf->emptied);
    belay_mutex_unlock(&shelf->mutex);
    return err;
}

TEST(a_deadline_ends_the_wait_for_a_condition_and_the_mutex_is_held)
{
    struct shelf shelf = {.mutex = BELAY_MUTEX_INIT, .filled = BELAY_COND_INIT};
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    CHECK(belay_mutex_lock(NULL, &shelf.mutex) == 0);

    CHECK(belay_cond_wait(ctx, &shelf.filled, &shelf.mutex) ==
          BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_mutex_try_lock(&shelf.mutex) == -EAGAIN);
    CHECK(belay_mutex_unlock(&shelf.mutex) == 0);
    belay_end(ctx);
}

TEST(an_ended_context_waits_for_no_condition_and_keeps_the_mutex)
{
    struct shelf shelf = {.items = 0};
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);
    CHECK(belay_mutex_lock(NULL, &shelf.mutex) == 0);

    CHECK(belay_cond_wait(ctx, &shelf.filled, &shelf.mutex) == BELAY_CANCELED);

    CHECK(belay_mutex_unlock(&shelf.mutex) == 0);
    belay_end(ctx);
}

TEST(to_wait_with_a_mutex_that_is_not_locked_is_an_error)
{
    struct shelf shelf = {.items = 0};

    CHECK(belay_cond_wait(NULL, &shelf.filled, &shelf.mutex) == -EPERM);

    CHECK(belay_mutex_try_lock(&shelf.mutex) == 0);
}

TEST(a_signal_for_nobody_is_not_kept)
{
    struct shelf shelf = {.items = 0};
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_cond_signal(&shelf.filled);
    belay_cond_broadcast(&shelf.filled);
    CHECK(belay_mutex_lock(NULL, &shelf.mutex) == 0);

    CHECK(belay_cond_wait(ctx, &shelf.filled, &shelf.mutex) ==
          BELAY_DEADLINE_EXCEEDED);

    belay_end(ctx);
}

/* --- Many at once ------------------------------------------------------- */

enum { TAKERS = 3, ROUNDS = SANITIZED ? 3000 : 20000 };

static void *take_all(void *arg)
{
    struct shelf *shelf = arg;
    for (int i = 0; i < ROUNDS; ++i) {
        belay_ctx *ctx = NULL;
        if (i % 8 == 0)
            ctx = belay_with_timeout(NULL, i % 64 * BELAY_MICROSECOND);
        if (take(ctx, shelf) != 0 && take(NULL, shelf) != 0)
            return shelf;
        belay_end(ctx);
    }
    return NULL;
}

/* With room for one item, a signal that is lost stops it all. */
TEST(no_signal_is_lost_though_waits_end)
{
    struct shelf shelf = {.items = 0};
    pthread_t takers[TAKERS];
    for (int i = 0; i < TAKERS; ++i)
        takers[i] = start(take_all, &shelf);
    for (int i = 0; i < TAKERS * ROUNDS; ++i) {
        CHECK(belay_mutex_lock(NULL, &shelf.mutex) == 0);
        while (shelf.items > 0)
            CHECK(belay_cond_wait(NULL, &shelf.emptied, &shelf.mutex) == 0);
        ++shelf.items;
        belay_cond_signal(&shelf.filled);
        belay_mutex_unlock(&shelf.mutex);
    }
    for (int i = 0; i < TAKERS; ++i)
        CHECK(join(takers[i]) == NULL);

    CHECK(shelf.refused > 0);
    CHECK(shelf.taken == TAKERS * ROUNDS && shelf.items == 0);
}

static void *await_flag(void *arg)
{
    struct shelf *shelf = arg;
    if (belay_mutex_lock(NULL, &shelf->mutex) != 0)
        return shelf;
    while (shelf->items == 0)
        if (belay_cond_wait(NULL, &shelf->filled, &shelf->mutex) != 0)
            return shelf;
    belay_mutex_unlock(&shelf->mutex);
    return NULL;
}

TEST(a_broadcast_lets_all_go_on)
{
    struct shelf shelf = {.items = 0};
    pthread_t waiting[16];
    for (size_t i = 0; i < LENGTH(waiting); ++i)
        waiting[i] = start(await_flag, &shelf);

    CHECK(belay_mutex_lock(NULL, &shelf.mutex) == 0);
    shelf.items = 1;
    belay_cond_broadcast(&shelf.filled);
    belay_mutex_unlock(&shelf.mutex);

    for (size_t i = 0; i < LENGTH(waiting); ++i)
        CHECK(join(waiting[i]) == NULL);
}

/* --- A signal and an end ------------------------------------------------ */

struct duel {
    struct shelf shelf;
    belay_ctx *ctx;
    int err;
    int won;
    int lost;
};

static void set_up(void *arg)
{
    struct duel *d = arg;
    d->ctx = belay_with_cancel(NULL);
    CHECK(belay_mutex_lock(NULL, &d->shelf.mutex) == 0);
}

static void wait_for_signal(void *arg)
{
    struct duel *d = arg;
    d->err = belay_cond_wait(d->ctx, &d->shelf.filled, &d->shelf.mutex);
    belay_mutex_unlock(&d->shelf.mutex);
}

/* When the mutex is to be had, the other waits for the signal. */
static void signal_and_cancel(void *arg)
{
    struct duel *d = arg;
    bool is_second = (d->won + d->lost) % 2 == 0;
    if (belay_mutex_lock(NULL, &d->shelf.mutex) != 0)
        abort();
    if (is_second)
        belay_cancel(d->ctx);
    belay_cond_signal(&d->shelf.filled);
    belay_cancel(d->ctx);
    belay_mutex_unlock(&d->shelf.mutex);
}

static void look(void *arg)
{
    struct duel *d = arg;
    CHECK(d->err == 0 || d->err == BELAY_CANCELED);
    CHECK((d->won + d->lost) % 2 == 0 || d->err == 0);
    ++*(d->err == 0 ? &d->won : &d->lost);
    CHECK(belay_mutex_try_lock(&d->shelf.mutex) == 0);
    CHECK(belay_mutex_unlock(&d->shelf.mutex) == 0);
    belay_end(d->ctx);
}

TEST(a_signal_before_the_end_counts)
{
    struct duel d = {.ctx = NULL};

    run_race(
        (struct race){set_up, wait_for_signal, signal_and_cancel, look, &d},
        RACES);

    CHECK(d.won > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_deadline_ends_the_wait_for_a_condition_and_the_mutex_is_held),
        cmocka_unit_test(
            an_ended_context_waits_for_no_condition_and_keeps_the_mutex),
        cmocka_unit_test(to_wait_with_a_mutex_that_is_not_locked_is_an_error),
        cmocka_unit_test(a_signal_for_nobody_is_not_kept),
        cmocka_unit_test(no_signal_is_lost_though_waits_end),
        cmocka_unit_test(a_broadcast_lets_all_go_on),
        cmocka_unit_test(a_signal_before_the_end_counts),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
