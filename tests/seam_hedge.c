/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

#include <belay/hedge.h>

/* Several ways to one answer, on a clock that the test moves. */

static const belay_duration delay = 20 * BELAY_MILLISECOND;

/* An attempt: says that it runs, and returns when told, or canceled. */
struct attempt {
    sem_t entered;
    belay_ctx *told; /* to return */
    int code;
    int end; /* what it was canceled with */
};

static void be_told(void *arg, int err)
{
    (void)err;
    belay_cancel(arg);
}

static int try_it(const belay_ctx *ctx, void *arg)
{
    struct attempt *self = arg;
    struct belay_watch watch = {0};
    sem_post(&self->entered);
    if (!belay_watch(ctx, &watch, be_told, self->told))
        belay_cancel(self->told);
    belay_wait(self->told);
    belay_unwatch(&watch);
    self->end = belay_err(ctx);
    return self->code;
}

enum { COUNT = 3 };

struct call {
    const belay_ctx *ctx;
    struct attempt state[COUNT];
    struct belay_attempt attempts[COUNT];
    belay_duration delay;
    int result;
    pthread_t thread;
};

static void *hedge(void *arg)
{
    struct call *call = arg;
    call->result = belay_hedge(call->ctx, call->attempts, COUNT, call->delay);
    return NULL;
}

static void begin(struct call *call, const belay_ctx *ctx, belay_duration after)
{
    *call = (struct call){.ctx = ctx, .delay = after};
    for (int i = 0; i < COUNT; ++i) {
        struct attempt *state = &call->state[i];
        sem_init(&state->entered, 0, 0);
        state->told = belay_with_cancel(NULL);
        call->attempts[i] = (struct belay_attempt){try_it, state};
    }
    call->thread = start(hedge, call);
}

static void tell(struct call *call, int attempt, int code)
{
    call->state[attempt].code = code;
    belay_cancel(call->state[attempt].told);
}

static int end(struct call *call)
{
    join(call->thread);
    for (int i = 0; i < COUNT; ++i)
        belay_end(call->state[i].told);
    return call->result;
}

TEST(all_attempts_of_a_race_run_and_the_losers_are_canceled)
{
    for (int winner = 0; winner < COUNT; ++winner) {
        struct call call;
        begin(&call, NULL, 0);
        for (int i = 0; i < COUNT; ++i)
            await(&call.state[i].entered);

        for (int i = 0; i < COUNT; ++i)
            call.state[i].code = i == winner ? 0 : -EIO;
        tell(&call, winner, 5);

        CHECK(end(&call) == winner);
        for (int i = 0; i < COUNT; ++i)
            CHECK(i == winner || call.state[i].end == BELAY_CANCELED);
    }
}

TEST(another_attempt_is_started_after_the_delay_and_not_before)
{
    struct call call;
    begin(&call, NULL, delay);
    await(&call.state[0].entered);
    for (int i = 1; i < COUNT; ++i) {
        fake_clock_await_sleepers(1);
        fake_clock_advance(delay - 1);
        CHECK(!has_come(&call.state[i].entered));
        fake_clock_advance(1);
        await(&call.state[i].entered);
    }

    tell(&call, 1, 0);

    CHECK(end(&call) == 1);
}

TEST(no_other_attempt_is_started_once_there_is_an_answer)
{
    struct call call;
    begin(&call, NULL, delay);
    await(&call.state[0].entered);
    fake_clock_await_sleepers(1);

    tell(&call, 0, 0);

    CHECK(end(&call) == 0);
    CHECK(!has_come(&call.state[1].entered));
}

TEST(another_attempt_is_started_when_one_has_failed)
{
    struct call call;
    begin(&call, NULL, BELAY_FOREVER);
    await(&call.state[0].entered);

    tell(&call, 0, -EIO);
    await(&call.state[1].entered);
    tell(&call, 1, -EIO);
    await(&call.state[2].entered);
    tell(&call, 2, 0);

    CHECK(end(&call) == 2);
}

TEST(when_all_have_failed_the_first_failure_is_returned)
{
    struct call call;
    begin(&call, NULL, BELAY_FOREVER);

    for (int i = 0; i < COUNT; ++i) {
        await(&call.state[i].entered);
        tell(&call, i, -100 - i);
    }

    CHECK(end(&call) == -100);
}

TEST(the_end_of_the_context_ends_all_attempts)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * delay - 1);
    struct call call;
    begin(&call, ctx, delay);
    for (int i = 0; i < COUNT; ++i)
        call.state[i].code = -EIO;
    fake_clock_await_sleepers(1);
    fake_clock_advance(delay);
    await(&call.state[1].entered);

    fake_clock_advance(delay - 1);

    CHECK(end(&call) == BELAY_DEADLINE_EXCEEDED);
    CHECK(!has_come(&call.state[2].entered));
    belay_end(ctx);
}

/* What was done wins. */
TEST(an_answer_counts_though_the_context_has_ended)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct call call;
    begin(&call, ctx, BELAY_FOREVER);
    await(&call.state[0].entered);

    call.state[0].code = 1;
    belay_cancel(ctx);

    CHECK(end(&call) == 0);
    belay_end(ctx);
}

TEST(an_ended_context_starts_no_attempt)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    const struct belay_attempt none = {try_it, NULL};

    CHECK(belay_race(ctx, &none, 1) == BELAY_DEADLINE_EXCEEDED);

    belay_end(ctx);
}

TEST(no_attempts_and_too_many_are_refused)
{
    const struct belay_attempt none = {try_it, NULL};

    CHECK(belay_race(NULL, &none, 0) == -EINVAL);
    CHECK(belay_hedge(NULL, &none, (size_t)INT32_MAX + 1, delay) == -EINVAL);
}

static int leave_the_thread(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    pthread_exit(NULL);
}

TEST(an_attempt_that_leaves_its_thread_has_failed)
{
    const struct belay_attempt attempts[] = {{leave_the_thread, NULL},
                                             {leave_the_thread, NULL}};

    CHECK(belay_race(NULL, attempts, 2) == BELAY_CANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            all_attempts_of_a_race_run_and_the_losers_are_canceled),
        cmocka_unit_test(
            another_attempt_is_started_after_the_delay_and_not_before),
        cmocka_unit_test(no_other_attempt_is_started_once_there_is_an_answer),
        cmocka_unit_test(another_attempt_is_started_when_one_has_failed),
        cmocka_unit_test(when_all_have_failed_the_first_failure_is_returned),
        cmocka_unit_test(the_end_of_the_context_ends_all_attempts),
        cmocka_unit_test(an_answer_counts_though_the_context_has_ended),
        cmocka_unit_test(an_ended_context_starts_no_attempt),
        cmocka_unit_test(no_attempts_and_too_many_are_refused),
        cmocka_unit_test(an_attempt_that_leaves_its_thread_has_failed),
    };
    watchdog();
    fake_clock_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_clock_stop();
    return failed;
}
