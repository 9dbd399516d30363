/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Waiting and sleeping.  Where a test needs time to pass, it is real and
   short; what must not happen too early or too late is in seam_deadline.c. */

struct waiter {
    const belay_ctx *ctx;
    int (*wait)(const belay_ctx *ctx);
    int result;
};

static int sleep_for_ever(const belay_ctx *ctx)
{
    return belay_sleep(ctx, BELAY_FOREVER);
}

static int sleep_an_hour(const belay_ctx *ctx)
{
    return belay_sleep(ctx, BELAY_HOUR);
}

static int poll_nothing(const belay_ctx *ctx)
{
    return belay_poll(ctx, NULL, 0, -1);
}

static int (*const ways_to_wait[])(const belay_ctx *) = {
    belay_wait, sleep_for_ever, sleep_an_hour, poll_nothing};

static void *wait_on(void *arg)
{
    struct waiter *waiter = arg;
    waiter->result = waiter->wait(waiter->ctx);
    return NULL;
}

TEST(every_wait_returns_the_error_when_its_context_is_canceled)
{
    for (size_t i = 0; i < LENGTH(ways_to_wait); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct waiter waiter = {ctx, ways_to_wait[i], 0};
        pthread_t thread = start(wait_on, &waiter);

        CHECK(belay_cancel_cause(ctx, -EPIPE, "client left"));

        join(thread);
        CHECK(waiter.result == BELAY_CANCELED);
        belay_end(ctx);
    }
}

TEST(every_wait_returns_the_error_when_an_ancestor_is_canceled)
{
    static const struct belay_key key = {"key", NULL};
    for (size_t i = 0; i < LENGTH(ways_to_wait); ++i) {
        belay_ctx *parent = belay_with_cancel(NULL);
        belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);
        belay_ctx *value = belay_with_value(child, &key, NULL);
        struct waiter waiter = {value, ways_to_wait[i], 0};
        pthread_t thread = start(wait_on, &waiter);

        CHECK(belay_cancel(parent));

        join(thread);
        CHECK(waiter.result == BELAY_CANCELED);
        belay_end(value);
        belay_end(child);
        belay_end(parent);
    }
}

TEST(every_wait_returns_the_error_when_the_deadline_passes)
{
    for (size_t i = 0; i < LENGTH(ways_to_wait); ++i) {
        belay_time when = belay_now() + BELAY_MILLISECOND;
        belay_ctx *ctx = belay_with_deadline(NULL, when);

        CHECK(ways_to_wait[i](ctx) == BELAY_DEADLINE_EXCEEDED);

        CHECK(belay_now() >= when);
        belay_end(ctx);
    }
}

/* Rule 2 */
TEST(every_wait_on_an_ended_context_returns_at_once)
{
    belay_ctx *canceled = belay_with_cancel(NULL);
    belay_ctx *late = belay_with_timeout(NULL, 0);
    belay_cancel(canceled);

    for (size_t i = 0; i < LENGTH(ways_to_wait); ++i) {
        CHECK(ways_to_wait[i](canceled) == BELAY_CANCELED);
        CHECK(ways_to_wait[i](late) == BELAY_DEADLINE_EXCEEDED);
    }

    belay_end(canceled);
    belay_end(late);
}

TEST(many_threads_may_wait_for_one_context)
{
    enum { MANY = 16 };
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter waiters[MANY];
    pthread_t threads[MANY];
    for (size_t i = 0; i < MANY; ++i) {
        waiters[i] =
            (struct waiter){ctx, ways_to_wait[i % LENGTH(ways_to_wait)], 0};
        threads[i] = start(wait_on, &waiters[i]);
    }

    belay_cancel(ctx);

    for (size_t i = 0; i < MANY; ++i) {
        join(threads[i]);
        CHECK(waiters[i].result == BELAY_CANCELED);
    }
    belay_end(ctx);
}

/* --- Sleeping ----------------------------------------------------------- */

TEST(a_sleep_takes_the_full_time)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_duration durations[] = {1, 1000, BELAY_MILLISECOND,
                                        3 * BELAY_MILLISECOND};
    for (size_t i = 0; i < LENGTH(durations); ++i) {
        belay_time start_time = belay_now();

        CHECK(belay_sleep(ctx, durations[i]) == 0);
        CHECK(belay_sleep(NULL, durations[i]) == 0);

        CHECK(belay_now() - start_time >= 2 * durations[i]);
    }
    belay_end(ctx);
}

TEST(no_time_is_slept_through_at_once)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_duration durations[] = {0, -1, -BELAY_HOUR, INT64_MIN};

    for (size_t i = 0; i < LENGTH(durations); ++i) {
        CHECK(belay_sleep(ctx, durations[i]) == 0);
        CHECK(belay_sleep(NULL, durations[i]) == 0);
    }

    belay_end(ctx);
}

/* Rule 1: every later call on it refuses at once. */
TEST(no_time_is_slept_on_an_ended_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);

    CHECK(belay_sleep(ctx, 0) == BELAY_CANCELED);
    CHECK(belay_sleep(ctx, -1) == BELAY_CANCELED);
    CHECK(belay_sleep(ctx, INT64_MAX - 1) == BELAY_CANCELED);

    belay_end(ctx);
}

/* Class J */
TEST(a_sleep_that_is_too_long_for_the_clock_ends_with_the_context)
{
    const belay_duration durations[] = {BELAY_FOREVER, INT64_MAX - 1,
                                        INT64_MAX / 2};
    for (size_t i = 0; i < LENGTH(durations); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

        CHECK(belay_sleep(ctx, durations[i]) == BELAY_DEADLINE_EXCEEDED);

        belay_end(ctx);
    }
}

/* --- A slow watch delays no wait ---------------------------------------- */

struct slow {
    sem_t entered;
    sem_t leave;
};

static void be_slow(void *arg, int err)
{
    struct slow *slow = arg;
    (void)err;
    sem_post(&slow->entered);
    await(&slow->leave);
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

TEST(waiters_and_descriptors_are_woken_while_a_watch_is_still_told)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct slow slow;
    struct belay_watch watch;
    sem_init(&slow.entered, 0, 0);
    sem_init(&slow.leave, 0, 0);
    int fd = belay_fd(ctx);
    struct waiter waiter = {ctx, belay_wait, 0};
    CHECK(belay_watch(ctx, &watch, be_slow, &slow));
    pthread_t waiting = start(wait_on, &waiter);
    pthread_t canceler = start(cancel, ctx);

    await(&slow.entered);
    join(waiting);

    CHECK(waiter.result == BELAY_CANCELED);
    CHECK(is_readable(fd));
    CHECK(belay_sleep(ctx, BELAY_HOUR) == BELAY_CANCELED);
    sem_post(&slow.leave);
    join(canceler);
    belay_end(ctx);
}

/* A waiter needs its context until it is woken, and not a moment longer. */
TEST(a_waiter_may_give_its_context_back_as_soon_as_it_is_woken)
{
    for (int round = 0; round < 200; ++round) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct waiter waiter = {belay_ref(ctx), belay_wait, 0};
        pthread_t thread = start(wait_on, &waiter);

        belay_end(ctx);

        join(thread);
        CHECK(waiter.result == BELAY_CANCELED);
        belay_unref(waiter.ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_wait_returns_the_error_when_its_context_is_canceled),
        cmocka_unit_test(
            every_wait_returns_the_error_when_an_ancestor_is_canceled),
        cmocka_unit_test(every_wait_returns_the_error_when_the_deadline_passes),
        cmocka_unit_test(every_wait_on_an_ended_context_returns_at_once),
        cmocka_unit_test(many_threads_may_wait_for_one_context),
        cmocka_unit_test(a_sleep_takes_the_full_time),
        cmocka_unit_test(no_time_is_slept_through_at_once),
        cmocka_unit_test(no_time_is_slept_on_an_ended_context),
        cmocka_unit_test(
            a_sleep_that_is_too_long_for_the_clock_ends_with_the_context),
        cmocka_unit_test(
            waiters_and_descriptors_are_woken_while_a_watch_is_still_told),
        cmocka_unit_test(
            a_waiter_may_give_its_context_back_as_soon_as_it_is_woken),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
