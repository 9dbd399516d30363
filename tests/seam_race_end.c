/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/delay.h"
#include "fakes/fake_clock.h"

/* A canceler that is held in the middle of an ending: after the marking, and
   before the telling. */

static void *cancel(void *ctx)
{
    return (void *)(uintptr_t)belay_cancel_cause(ctx, -EPIPE, "first");
}

static pthread_t cancel_until(const char *place, belay_ctx *ctx)
{
    delay_hold(place);
    pthread_t canceler = start(cancel, ctx);
    delay_await(place);
    return canceler;
}

/* Returns what the canceler's call returned. */
static bool let_cancel_go_on(const char *place, pthread_t canceler)
{
    delay_release(place);
    bool won = join(canceler) != NULL;
    return won;
}

static bool ended_by_first(const belay_ctx *ctx)
{
    return belay_err(ctx) == BELAY_CANCELED &&
           belay_cause(ctx)->code == -EPIPE &&
           strcmp(belay_cause(ctx)->text, "first") == 0;
}

/* Rules 2 and 3 */
TEST(before_the_telling_the_subtree_has_ended_and_every_wait_is_ready)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);
    struct belay_watch watch;
    int calls = 0;
    int fd = belay_fd(child);
    CHECK(belay_watch(parent, &watch, count_call, &calls));

    pthread_t canceler = cancel_until("marked", parent);

    CHECK(ended_by_first(parent) && ended_by_first(child));
    CHECK(is_readable(fd) && is_readable(belay_fd(parent)));
    CHECK(belay_wait(child) == BELAY_CANCELED);
    CHECK(belay_sleep(child, BELAY_HOUR) == BELAY_CANCELED);
    CHECK(belay_poll(child, NULL, 0, -1) == BELAY_CANCELED);
    CHECK(calls == 0);
    CHECK(let_cancel_go_on("marked", canceler));
    CHECK(calls == 1);
    belay_end(child);
    belay_end(parent);
}

/* S23 */
TEST(the_loser_of_a_race_returns_without_waiting_for_the_watches)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(parent, &watch, count_call, &calls));

    pthread_t canceler = cancel_until("marked", parent);

    CHECK(!belay_cancel_cause(parent, -EIO, "second"));
    CHECK(!belay_cancel(child));
    CHECK(ended_by_first(parent) && ended_by_first(child));
    CHECK(calls == 0);
    CHECK(let_cancel_go_on("marked", canceler));
    belay_end(child);
    belay_end(parent);
}

TEST(before_the_telling_a_watch_can_be_taken_back)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watches[3];
    int calls[3] = {0};
    for (int i = 0; i < 3; ++i)
        CHECK(belay_watch(ctx, &watches[i], count_call, &calls[i]));

    pthread_t canceler = cancel_until("marked", ctx);

    CHECK(belay_unwatch(&watches[0]));
    CHECK(belay_try_unwatch(&watches[2]) == 1);
    CHECK(let_cancel_go_on("marked", canceler));
    CHECK(calls[0] == 0 && calls[1] == 1 && calls[2] == 0);
    belay_end(ctx);
}

TEST(a_watch_taken_back_before_the_telling_may_be_used_again_at_once)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *other = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));

    pthread_t canceler = cancel_until("marked", ctx);
    CHECK(belay_unwatch(&watch));
    CHECK(!belay_watch(ctx, &watch, count_call, &calls));
    CHECK(belay_watch(other, &watch, count_call, &calls));
    CHECK(let_cancel_go_on("marked", canceler));

    CHECK(calls == 0);
    belay_end(other);
    CHECK(calls == 1);
    belay_end(ctx);
}

TEST(before_the_telling_whatever_is_derived_is_born_ended)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));

    pthread_t canceler = cancel_until("marked", ctx);
    belay_ctx *child = belay_with_timeout(ctx, BELAY_HOUR);

    CHECK(ended_by_first(child));
    CHECK(let_cancel_go_on("marked", canceler));
    belay_end(child);
    belay_end(ctx);
}

/* "What can end is never freed before it has ended, and ending tells every
   watch", though its maker has given it back meanwhile. */
TEST(the_watches_are_told_though_the_context_is_gone)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    struct belay_watch watches[2];
    int calls = 0;
    CHECK(belay_watch(parent, &watches[0], count_call, &calls));
    CHECK(belay_watch(child, &watches[1], count_call, &calls));

    pthread_t canceler = cancel_until("marked", parent);
    belay_end(child);
    belay_end(parent);

    CHECK(calls == 0);
    CHECK(let_cancel_go_on("marked", canceler));
    CHECK(calls == 2);
}

static void never(void *arg)
{
    (void)arg;
    abort();
}

/* S67, the side of stop */
TEST(before_the_telling_an_after_function_can_be_stopped)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *after = belay_after_func(ctx, never, NULL);

    pthread_t canceler = cancel_until("marked", ctx);

    CHECK(belay_after_stop(after));
    CHECK(let_cancel_go_on("marked", canceler));
    belay_end(ctx);
}

/* S44, the side of the deadline */
static void *run_clock(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)belay_clock_run();
}

TEST(a_cancel_that_comes_after_the_clock_has_marked_loses)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_SECOND);
    struct belay_watch watch;
    int err = 0;
    CHECK(belay_watch(ctx, &watch, keep_err, &err));
    delay_hold("marked");
    fake_clock_move(BELAY_SECOND);
    pthread_t runner = start(run_clock, NULL);
    delay_await("marked");

    CHECK(!belay_cancel(ctx));
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);

    delay_release("marked");
    CHECK((intptr_t)join(runner) == 1);
    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            before_the_telling_the_subtree_has_ended_and_every_wait_is_ready),
        cmocka_unit_test(
            the_loser_of_a_race_returns_without_waiting_for_the_watches),
        cmocka_unit_test(before_the_telling_a_watch_can_be_taken_back),
        cmocka_unit_test(
            a_watch_taken_back_before_the_telling_may_be_used_again_at_once),
        cmocka_unit_test(before_the_telling_whatever_is_derived_is_born_ended),
        cmocka_unit_test(the_watches_are_told_though_the_context_is_gone),
        cmocka_unit_test(before_the_telling_an_after_function_can_be_stopped),
        cmocka_unit_test(a_cancel_that_comes_after_the_clock_has_marked_loses),
    };
    watchdog();
    fake_clock_start();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
