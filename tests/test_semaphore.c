/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/sync.h>

#include <limits.h>

/* The ids are those of Go's cases for x/sync/semaphore. */

/* XS07 */
TEST(tokens_are_there_until_they_are_taken)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(3);

    CHECK(belay_semaphore_acquire(NULL, &tokens, 2) == 0);
    CHECK(belay_semaphore_try_acquire(&tokens, 2) == -EAGAIN);
    CHECK(belay_semaphore_try_acquire(&tokens, 1) == 0);
    CHECK(belay_semaphore_try_acquire(&tokens, 1) == -EAGAIN);
    CHECK(belay_semaphore_release(&tokens, 3) == 0);
    CHECK(belay_semaphore_try_acquire(&tokens, 3) == 0);
}

TEST(no_tokens_can_always_be_taken)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(0);

    CHECK(belay_semaphore_acquire(NULL, &tokens, 0) == 0);
    CHECK(belay_semaphore_release(&tokens, 0) == 0);
}

/* XS06: Go panics. */
TEST(to_release_more_than_is_held_is_an_error)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(2);
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == 0);

    CHECK(belay_semaphore_release(&tokens, 2) == -EINVAL);
    CHECK(belay_semaphore_release(&tokens, -1) == -EINVAL);
    CHECK(belay_semaphore_release(&tokens, LONG_MIN) == -EINVAL);

    CHECK(belay_semaphore_try_acquire(&tokens, 2) == -EAGAIN);
    CHECK(belay_semaphore_try_acquire(&tokens, 1) == 0);
}

/* Go waits for the end of the context, which may never come. */
TEST(what_can_never_be_granted_is_refused_at_once)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(2);
    const long absurd[] = {3, LONG_MAX, -1, LONG_MIN};

    for (size_t i = 0; i < LENGTH(absurd); ++i) {
        CHECK(belay_semaphore_acquire(NULL, &tokens, absurd[i]) == -EINVAL);
        CHECK(belay_semaphore_try_acquire(&tokens, absurd[i]) == -EINVAL);
    }

    CHECK(belay_semaphore_try_acquire(&tokens, 2) == 0);
}

/* XS11 */
TEST(an_ended_context_takes_no_tokens_though_they_are_there)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(2);
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);

    CHECK(belay_semaphore_acquire(ctx, &tokens, 1) == BELAY_CANCELED);

    CHECK(belay_semaphore_try_acquire(&tokens, 2) == 0);
    belay_end(ctx);
}

/* XS07 */
TEST(a_deadline_ends_the_wait_for_tokens)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(2);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == 0);

    CHECK(belay_semaphore_acquire(ctx, &tokens, 2) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_semaphore_try_acquire(&tokens, 1) == 0);
    belay_end(ctx);
}

/* --- Many at once: XS06 ------------------------------------------------- */

enum { SIZE = 5, THREADS = 4, ROUNDS = SANITIZED ? 4000 : 40000 };

struct crowd {
    struct belay_semaphore tokens;
    atomic_long held;
    atomic_long refused;
    atomic_int seeds;
};

static void *take_and_give(void *arg)
{
    struct crowd *crowd = arg;
    unsigned seed = (unsigned)atomic_fetch_add(&crowd->seeds, 1);
    for (int i = 0; i < ROUNDS; ++i) {
        seed = seed * 1103515245 + 12345;
        long count = (long)(seed >> 16) % SIZE + 1;
        belay_ctx *ctx = NULL;
        if (i % 4 == 0)
            ctx = belay_with_timeout(NULL, i % 64 * BELAY_MICROSECOND);
        int err = belay_semaphore_acquire(ctx, &crowd->tokens, count);
        belay_end(ctx);
        if (err != 0) {
            atomic_fetch_add(&crowd->refused, 1);
            continue;
        }
        if (atomic_fetch_add(&crowd->held, count) + count > SIZE)
            return crowd;
        if (i % 8 == 0)
            sched_yield();
        atomic_fetch_sub(&crowd->held, count);
        if (belay_semaphore_release(&crowd->tokens, count) != 0)
            return crowd;
    }
    return NULL;
}

TEST(no_more_tokens_are_held_than_there_are_and_none_is_lost)
{
    struct crowd crowd = {.tokens = BELAY_SEMAPHORE_INIT(SIZE)};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; ++i)
        threads[i] = start(take_and_give, &crowd);
    for (int i = 0; i < THREADS; ++i)
        CHECK(join(threads[i]) == NULL);

    CHECK(crowd.refused > 0 && crowd.refused < THREADS * ROUNDS);
    CHECK(belay_semaphore_try_acquire(&crowd.tokens, SIZE) == 0);
}

/* --- A grant and an end ------------------------------------------------- */

struct duel {
    struct belay_semaphore tokens;
    belay_ctx *ctx;
    int err;
    int won;
    int lost;
};

static void set_up(void *arg)
{
    struct duel *d = arg;
    d->ctx = belay_with_cancel(NULL);
    CHECK(belay_semaphore_acquire(NULL, &d->tokens, 1) == 0);
}

static void acquire(void *arg)
{
    struct duel *d = arg;
    d->err = belay_semaphore_acquire(d->ctx, &d->tokens, 1);
}

static void release_or_cancel_first(void *arg)
{
    struct duel *d = arg;
    bool is_cancel_first = (d->won + d->lost) % 2 == 0;
    if (is_cancel_first)
        belay_cancel(d->ctx);
    belay_semaphore_release(&d->tokens, 1);
    belay_cancel(d->ctx);
}

static void look(void *arg)
{
    struct duel *d = arg;
    CHECK(d->err == 0 || d->err == BELAY_CANCELED);
    CHECK(belay_semaphore_try_acquire(&d->tokens, 1) ==
          (d->err == 0 ? -EAGAIN : 0));
    CHECK(belay_semaphore_release(&d->tokens, 1) == 0);
    ++*(d->err == 0 ? &d->won : &d->lost);
    belay_end(d->ctx);
}

TEST(tokens_are_granted_or_the_wait_has_ended_and_never_both)
{
    struct duel d = {.tokens = BELAY_SEMAPHORE_INIT(1)};

    run_race((struct race){set_up, acquire, release_or_cancel_first, look, &d},
             RACES);

    CHECK(d.won > 0 && d.lost > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_there_until_they_are_taken),
        cmocka_unit_test(no_tokens_can_always_be_taken),
        cmocka_unit_test(to_release_more_than_is_held_is_an_error),
        cmocka_unit_test(what_can_never_be_granted_is_refused_at_once),
        cmocka_unit_test(
            an_ended_context_takes_no_tokens_though_they_are_there),
        cmocka_unit_test(a_deadline_ends_the_wait_for_tokens),
        cmocka_unit_test(
            no_more_tokens_are_held_than_there_are_and_none_is_lost),
        cmocka_unit_test(
            tokens_are_granted_or_the_wait_has_ended_and_never_both),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
