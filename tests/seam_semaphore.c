/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include <belay/sync.h>

/* Who goes on first, and what becomes of the others, with each wait known to
   be one. */

struct waiter {
    const belay_ctx *ctx;
    struct belay_semaphore *tokens;
    long count;
    atomic_int result;
};

enum { NOT_YET = 1 };

static void *acquire(void *arg)
{
    struct waiter *waiter = arg;
    int err =
        belay_semaphore_acquire(waiter->ctx, waiter->tokens, waiter->count);
    atomic_store(&waiter->result, err);
    return NULL;
}

/* XS09: the small one would find its token there. */
TEST(one_that_waits_for_many_tokens_is_not_passed)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(3);
    struct waiter large = {.tokens = &tokens, .count = 3, .result = NOT_YET};
    struct waiter small = {.tokens = &tokens, .count = 1, .result = NOT_YET};
    CHECK(belay_semaphore_acquire(NULL, &tokens, 2) == 0);
    pthread_t first = start_waiting(acquire, &large);
    pthread_t second = start_waiting(acquire, &small);

    CHECK(belay_semaphore_try_acquire(&tokens, 1) == -EAGAIN);
    CHECK(belay_semaphore_release(&tokens, 2) == 0);
    join(first);
    CHECK(large.result == 0 && small.result == NOT_YET);
    CHECK(belay_semaphore_release(&tokens, 3) == 0);

    join(second);
    CHECK(small.result == 0);
}

/* XS10 */
TEST(who_waits_behind_one_that_leaves_gets_what_is_there)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(3);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter large = {.ctx = ctx, .tokens = &tokens, .count = 3};
    struct waiter small[2] = {{.tokens = &tokens, .count = 1},
                              {.tokens = &tokens, .count = 1}};
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == 0);
    pthread_t first = start_waiting(acquire, &large);
    pthread_t others[] = {start_waiting(acquire, &small[0]),
                          start_waiting(acquire, &small[1])};

    belay_cancel(ctx);

    join(first);
    join(others[0]);
    join(others[1]);
    CHECK(large.result == BELAY_CANCELED);
    CHECK(small[0].result == 0 && small[1].result == 0);
    CHECK(belay_semaphore_try_acquire(&tokens, 1) == -EAGAIN);
    belay_end(ctx);
}

TEST(one_release_serves_all_that_it_is_enough_for)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(4);
    struct waiter waiters[5];
    pthread_t threads[5];
    CHECK(belay_semaphore_acquire(NULL, &tokens, 4) == 0);
    for (int i = 0; i < 5; ++i) {
        waiters[i] =
            (struct waiter){.tokens = &tokens, .count = 1, .result = NOT_YET};
        threads[i] = start_waiting(acquire, &waiters[i]);
    }

    CHECK(belay_semaphore_release(&tokens, 4) == 0);
    for (int i = 0; i < 4; ++i)
        join(threads[i]);

    CHECK(waiters[4].result == NOT_YET);
    CHECK(belay_semaphore_release(&tokens, 1) == 0);
    join(threads[4]);
}

/* --- A grant before, or after, the end ---------------------------------- */

TEST(tokens_that_came_before_the_end_are_kept)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(1);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter waiter = {.ctx = ctx, .tokens = &tokens, .count = 1};
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == 0);
    pthread_t thread = start_and_hold(acquire, &waiter);

    CHECK(belay_semaphore_release(&tokens, 1) == 0);
    belay_cancel(ctx);
    delay_release("wait");

    join(thread);
    CHECK(waiter.result == 0);
    CHECK(belay_semaphore_try_acquire(&tokens, 1) == -EAGAIN);
    belay_end(ctx);
}

/* It has ended, and has not come round to leaving. */
TEST(tokens_that_come_before_a_waiter_has_left_are_kept)
{
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(1);
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter waiter = {.ctx = ctx, .tokens = &tokens, .count = 1};
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == 0);
    pthread_t thread = start_and_hold(acquire, &waiter);

    belay_cancel(ctx);
    CHECK(belay_semaphore_release(&tokens, 1) == 0);
    delay_release("wait");

    join(thread);
    CHECK(waiter.result == 0);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_waits_for_many_tokens_is_not_passed),
        cmocka_unit_test(who_waits_behind_one_that_leaves_gets_what_is_there),
        cmocka_unit_test(one_release_serves_all_that_it_is_enough_for),
        cmocka_unit_test(tokens_that_came_before_the_end_are_kept),
        cmocka_unit_test(tokens_that_come_before_a_waiter_has_left_are_kept),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
