/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <signal.h>
#include <sys/time.h>

/* Signals change nothing: neither a wait nor any other call ends with one.
   Nor does pthread_cancel(), within the library. */

static atomic_int storms;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&storms, 1);
}

/* A signal every 200 microseconds, to this thread, without SA_RESTART. */
static void begin_storm(void)
{
    struct sigaction action = {.sa_handler = count_signal};
    struct itimerval often = {{0, 200}, {0, 200}};
    atomic_store(&storms, 0);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

static void end_storm(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    signal(SIGALRM, SIG_DFL);
    watchdog();
}

static void nothing(void *arg)
{
    (void)arg;
}

static void wait_in_every_way(void)
{
    struct pollfd none = {-1, POLLIN, 0};
    belay_time before = belay_now();
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    CHECK(belay_sleep(NULL, BELAY_MILLISECOND) == 0);
    CHECK(belay_poll(NULL, &none, 1, BELAY_MILLISECOND) == 0);
    CHECK(belay_now() - before >= 2 * BELAY_MILLISECOND);
    CHECK(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_now() - before >= 5 * BELAY_MILLISECOND);
    belay_end(ctx);
}

static void wait_beside_a_live_context(const belay_ctx *ctx)
{
    struct pollfd none = {-1, POLLIN, 0};
    belay_time before = belay_now();
    CHECK(belay_sleep(ctx, BELAY_MILLISECOND) == 0);
    CHECK(belay_poll(ctx, NULL, 0, BELAY_MILLISECOND) == 0);
    CHECK(belay_poll(ctx, &none, 1, BELAY_MILLISECOND) == 0);
    CHECK(belay_now() - before >= 3 * BELAY_MILLISECOND);
}

TEST(no_wait_ends_with_a_signal)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    begin_storm();

    while (storms < (SANITIZED ? 50 : 500)) {
        wait_in_every_way();
        wait_beside_a_live_context(ctx);
    }

    end_storm();
    belay_end(ctx);
}

struct slow {
    struct belay_watch watch;
    sem_t entered;
    bool done;
};

static void be_slow(void *arg, int err)
{
    struct slow *slow = arg;
    (void)err;
    sem_post(&slow->entered);
    for (int i = 0; i < 2000; ++i)
        sched_yield();
    slow->done = true;
}

static void *cancel(void *ctx)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    belay_cancel(ctx);
    return NULL;
}

/* A wait for a watch, or for an after-function, is a wait as well. */
static void wait_for_callbacks(void)
{
    struct slow slow = {.done = false};
    belay_ctx *ctx = belay_with_cancel(NULL);
    sem_init(&slow.entered, 0, 0);
    struct belay_after *after = belay_after_func(ctx, nothing, NULL);
    CHECK(belay_watch(ctx, &slow.watch, be_slow, &slow));
    pthread_t canceler = start(cancel, ctx);
    await(&slow.entered);
    CHECK(!belay_unwatch(&slow.watch));
    CHECK(slow.done);
    CHECK(!belay_after_join(after));
    join(canceler);
    belay_end(ctx);
}

static void use_everything(void)
{
    static const struct belay_key key = {"key", NULL};
    void *value = NULL;
    char text[300];
    belay_ctx *parent = belay_with_value(NULL, &key, text);
    belay_ctx *ctx = belay_with_timeout(parent, BELAY_HOUR);
    CHECK(belay_fd(ctx) >= 0 && !is_readable(belay_fd(ctx)));
    CHECK(belay_value(ctx, &key, &value) && value == text);
    CHECK(belay_describe(ctx, text, sizeof text) > 0);
    CHECK(belay_cancel_cause(ctx, -EPIPE, "%s", "left"));
    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(is_readable(belay_fd(ctx)));
    CHECK(belay_explain(ctx, text, sizeof text) > 0);
    belay_end(ctx);
    belay_end(parent);
}

TEST(no_call_is_changed_by_a_signal)
{
    begin_storm();

    while (storms < (SANITIZED ? 50 : 500)) {
        for (int i = 0; i < 100; ++i)
            use_everything();
        wait_for_callbacks();
    }

    end_storm();
}

/* --- pthread_cancel() --------------------------------------------------- */

struct victim {
    int (*wait)(const belay_ctx *ctx);
    int result; /* set only if the wait has come to its end */
};

/* Its own cancellation is pending from before the wait to after it. */
static void *wait_while_canceled(void *arg)
{
    struct victim *victim = arg;
    pthread_cancel(pthread_self());
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    int result = victim->wait(ctx);
    belay_end(ctx);
    victim->result = result;
    pthread_testcancel();
    return NULL;
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

static int poll_many(const belay_ctx *ctx)
{
    struct pollfd none[100];
    for (size_t i = 0; i < LENGTH(none); ++i)
        none[i] = (struct pollfd){-1, POLLIN, 0};
    return belay_poll(ctx, none, LENGTH(none), -1);
}

TEST(canceling_a_thread_is_held_off_until_its_wait_is_over)
{
    int (*ways[])(const belay_ctx *) = {belay_wait, sleep_an_hour, poll_nothing,
                                        poll_many};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        struct victim victim = {ways[i], 0};

        CHECK(join(start(wait_while_canceled, &victim)) == PTHREAD_CANCELED);

        CHECK(victim.result == BELAY_DEADLINE_EXCEEDED);
    }
}

/* In no other function is there a point at which a thread may be canceled. */
static int use_the_rest(const belay_ctx *parent)
{
    struct belay_watch watch;
    char text[300];
    int calls = 0;
    belay_ctx *ctx = belay_with_timeout(parent, BELAY_HOUR);
    belay_describe(ctx, text, sizeof text);
    belay_watch(ctx, &watch, count_call, &calls);
    belay_after_stop(belay_after_func(ctx, nothing, NULL));
    belay_fd(ctx);
    belay_clock_run();
    belay_cancel_cause(ctx, -EIO, "%d", 1);
    belay_unwatch(&watch);
    belay_explain(ctx, text, sizeof text);
    belay_after_join(belay_after_func(ctx, nothing, NULL));
    int err = belay_err(ctx);
    belay_end(ctx);
    return err;
}

TEST(a_thread_is_canceled_within_no_other_function)
{
    struct victim victim = {use_the_rest, 0};

    CHECK(join(start(wait_while_canceled, &victim)) == PTHREAD_CANCELED);

    CHECK(victim.result == BELAY_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_wait_ends_with_a_signal),
        cmocka_unit_test(no_call_is_changed_by_a_signal),
        cmocka_unit_test(canceling_a_thread_is_held_off_until_its_wait_is_over),
        cmocka_unit_test(a_thread_is_canceled_within_no_other_function),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
