/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Taking a watch back: in time, too late, from inside, while it is told. */

TEST(a_watch_that_was_taken_back_is_never_told)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));

    CHECK(belay_unwatch(&watch));
    CHECK(!belay_unwatch(&watch));

    belay_end(ctx);
    CHECK(calls == 0);
}

TEST(a_watch_of_zeros_is_not_registered)
{
    struct belay_watch watch = {0};

    CHECK(!belay_unwatch(&watch));
    CHECK(belay_try_unwatch(&watch) == 0);
}

TEST(trying_to_take_back_never_waits)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch taken, told;
    int calls = 0;
    CHECK(belay_watch(ctx, &taken, count_call, &calls));
    CHECK(belay_watch(ctx, &told, count_call, &calls));

    CHECK(belay_try_unwatch(&taken) == 1);
    CHECK(belay_try_unwatch(&taken) == 0);
    belay_cancel(ctx);

    CHECK(belay_try_unwatch(&told) == 0);
    CHECK(calls == 1);
    belay_end(ctx);
}

TEST(a_watch_can_be_taken_back_when_its_context_is_gone)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));

    belay_end(ctx);

    CHECK(!belay_unwatch(&watch));
    CHECK(belay_try_unwatch(&watch) == 0);
    CHECK(calls == 1);
}

TEST(a_watch_that_was_taken_back_may_be_used_again)
{
    belay_ctx *first = belay_with_cancel(NULL);
    belay_ctx *second = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(first, &watch, count_call, &calls));
    CHECK(belay_unwatch(&watch));

    CHECK(belay_watch(second, &watch, count_call, &calls));
    belay_end(first);
    CHECK(calls == 0);
    belay_end(second);

    CHECK(calls == 1);
}

/* Each of many, in every third case taken back, out of order. */
TEST(only_the_watches_left_are_told)
{
    enum { MANY = 99 };
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watches[MANY];
    int calls[MANY] = {0};
    for (int i = 0; i < MANY; ++i)
        CHECK(belay_watch(ctx, &watches[i], count_call, &calls[i]));

    for (int i = 0; i < MANY / 3; ++i)
        CHECK(belay_unwatch(&watches[(i * 3 + 60) % MANY]));
    belay_end(ctx);

    for (int i = 0; i < MANY; ++i)
        CHECK(calls[i] == (i % 3 == 0 ? 0 : 1));
}

/* --- While it is told on another thread --------------------------------- */

struct slow {
    struct belay_watch watch;
    sem_t entered;
    sem_t leave;
    bool done; /* plain: belay_unwatch() makes it visible */
};

static void be_slow(void *arg, int err)
{
    struct slow *slow = arg;
    (void)err;
    sem_post(&slow->entered);
    await(&slow->leave);
    slow->done = true;
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

static void *let_leave(void *arg)
{
    struct slow *slow = arg;
    for (int i = 0; i < 1000; ++i)
        sched_yield();
    sem_post(&slow->leave);
    return NULL;
}

static void prepare(struct slow *slow, const belay_ctx *ctx)
{
    *slow = (struct slow){.done = false};
    sem_init(&slow->entered, 0, 0);
    sem_init(&slow->leave, 0, 0);
    CHECK(belay_watch(ctx, &slow->watch, be_slow, slow));
}

TEST(taking_back_waits_for_a_call_in_progress)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct slow slow;
    prepare(&slow, ctx);
    pthread_t canceler = start(cancel, ctx);
    await(&slow.entered);
    pthread_t helper = start(let_leave, &slow);

    CHECK(!belay_unwatch(&slow.watch));

    CHECK(slow.done);
    memset(&slow.watch, 0xff, sizeof slow.watch); /* it is ours again */
    join(helper);
    join(canceler);
    belay_end(ctx);
}

TEST(trying_to_take_back_does_not_wait_for_a_call_in_progress)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct slow slow;
    prepare(&slow, ctx);
    pthread_t canceler = start(cancel, ctx);
    await(&slow.entered);

    CHECK(belay_try_unwatch(&slow.watch) == -EBUSY);
    sem_post(&slow.leave);
    join(canceler);

    CHECK(slow.done);
    CHECK(belay_try_unwatch(&slow.watch) == 0);
    belay_end(ctx);
}

TEST(a_watch_behind_a_slow_one_can_be_taken_back)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct slow slow;
    struct belay_watch behind;
    int calls = 0;
    prepare(&slow, ctx);
    CHECK(belay_watch(ctx, &behind, count_call, &calls));
    pthread_t canceler = start(cancel, ctx);
    await(&slow.entered);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(belay_unwatch(&behind));
    sem_post(&slow.leave);
    join(canceler);

    CHECK(calls == 0);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_that_was_taken_back_is_never_told),
        cmocka_unit_test(a_watch_of_zeros_is_not_registered),
        cmocka_unit_test(trying_to_take_back_never_waits),
        cmocka_unit_test(a_watch_can_be_taken_back_when_its_context_is_gone),
        cmocka_unit_test(a_watch_that_was_taken_back_may_be_used_again),
        cmocka_unit_test(only_the_watches_left_are_told),
        cmocka_unit_test(taking_back_waits_for_a_call_in_progress),
        cmocka_unit_test(
            trying_to_take_back_does_not_wait_for_a_call_in_progress),
        cmocka_unit_test(a_watch_behind_a_slow_one_can_be_taken_back),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
