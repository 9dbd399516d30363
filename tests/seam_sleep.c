/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

/* Waiting, on time that a test moves: how long each wait takes exactly. */

struct wait {
    const belay_ctx *ctx;
    int (*how)(const belay_ctx *ctx);
    atomic_int result;
    atomic_int is_over;
};

static void *run(void *arg)
{
    struct wait *wait = arg;
    wait->result = wait->how(wait->ctx);
    wait->is_over = 1;
    return NULL;
}

static int sleep_30_s(const belay_ctx *ctx)
{
    return belay_sleep(ctx, 30 * BELAY_SECOND);
}

static int poll_30_s(const belay_ctx *ctx)
{
    return belay_poll(ctx, NULL, 0, 30 * BELAY_SECOND);
}

static int poll_a_descriptor_30_s(const belay_ctx *ctx)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    struct pollfd asked = {ends[0], POLLIN, 0};
    int ready = belay_poll(ctx, &asked, 1, 30 * BELAY_SECOND);
    close(ends[0]);
    close(ends[1]);
    return ready;
}

static int (*const ways[])(const belay_ctx *) = {sleep_30_s, poll_30_s,
                                                 poll_a_descriptor_30_s};

TEST(a_wait_takes_its_time_and_not_a_nanosecond_less)
{
    fake_clock_start();
    belay_ctx *live = belay_with_cancel(NULL);
    const belay_ctx *contexts[] = {NULL, live};
    for (size_t i = 0; i < LENGTH(ways) * 2; ++i) {
        struct wait wait = {contexts[i % 2], ways[i / 2], 1, 0};
        pthread_t thread = start(run, &wait);
        fake_clock_await_sleepers(1);

        fake_clock_advance(30 * BELAY_SECOND - 1);
        CHECK(wait.is_over == 0);
        fake_clock_advance(1);

        join(thread);
        CHECK(wait.result == 0);
    }
    belay_end(live);
    fake_clock_stop();
}

TEST(a_cancel_ends_a_timed_wait_though_no_time_passes)
{
    fake_clock_start();
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct wait wait = {ctx, ways[i], 0, 0};
        pthread_t thread = start(run, &wait);
        fake_clock_await_sleepers(1);

        belay_cancel(ctx);

        join(thread);
        CHECK(wait.result == BELAY_CANCELED);
        belay_end(ctx);
    }
    fake_clock_stop();
}

TEST(a_deadline_ends_a_timed_wait_in_its_instant)
{
    fake_clock_start();
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
        struct wait wait = {ctx, ways[i], 0, 0};
        pthread_t thread = start(run, &wait);
        fake_clock_await_sleepers(1);

        fake_clock_advance(10 * BELAY_SECOND - 1);
        CHECK(wait.is_over == 0);
        fake_clock_advance(1);

        join(thread);
        CHECK(wait.result == BELAY_DEADLINE_EXCEEDED);
        belay_end(ctx);
    }
    fake_clock_stop();
}

TEST(a_wait_that_ends_in_the_instant_of_the_deadline_ends_one_way)
{
    fake_clock_start();
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, 30 * BELAY_SECOND);
        struct wait wait = {ctx, ways[i], 1, 0};
        pthread_t thread = start(run, &wait);
        fake_clock_await_sleepers(1);

        CHECK(fake_clock_advance(30 * BELAY_SECOND) <= 1);

        join(thread);
        CHECK(wait.result == 0 || wait.result == BELAY_DEADLINE_EXCEEDED);
        belay_end(ctx);
    }
    fake_clock_stop();
}

/* Nobody runs the clock but whoever waits. */
TEST(a_wait_runs_the_clock_for_its_own_deadline)
{
    fake_clock_start();
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    struct wait wait = {ctx, belay_wait, 0, 0};
    pthread_t thread = start(run, &wait);
    fake_clock_await_sleepers(1);

    fake_clock_move(10 * BELAY_SECOND);
    fake_clock_wake();

    join(thread);
    CHECK(wait.result == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    fake_clock_stop();
}

/* --- What can never end ------------------------------------------------- */

static belay_time asked_until;

/* Leaves the thread: the only way out of a wait that is for ever. */
static int leave(atomic_int *word, int expected, belay_time until)
{
    (void)word;
    (void)expected;
    asked_until = until;
    pthread_exit(NULL);
}

static int sleep_for_ever(const belay_ctx *ctx)
{
    return belay_sleep(ctx, BELAY_FOREVER);
}

TEST(a_wait_for_what_can_never_end_is_for_ever)
{
    belay_ctx *detached = belay_without_cancel(NULL);
    const belay_ctx *contexts[] = {NULL, belay_todo(), detached};
    int (*forms[])(const belay_ctx *) = {belay_wait, sleep_for_ever};
    for (size_t i = 0; i < LENGTH(contexts) * 2; ++i) {
        struct wait wait = {contexts[i / 2], forms[i % 2], 0, 0};
        int (*real)(atomic_int *, int, belay_time) = belay__seams.wait;
        asked_until = 0;

        belay__seams.wait = leave;
        join(start(run, &wait));
        belay__seams.wait = real;

        CHECK(wait.is_over == 0);
        CHECK(asked_until == BELAY_FOREVER);
    }
    belay_end(detached);
}

/* --- The texts that have time in them ----------------------------------- */

static void check_description(belay_duration after, const char *expected)
{
    char text[200];
    belay_ctx *ctx = belay_with_timeout(NULL, after);
    belay_describe(ctx, text, sizeof text);
    const char *left = strrchr(text, '[');
    CHECK(left != NULL);
    assert_string_equal(left, expected);
    belay_end(ctx);
}

/* VA03, S72: durations as Go prints them. */
TEST(a_description_tells_the_time_left)
{
    fake_clock_start();
    check_description(1500 * BELAY_MILLISECOND, "[1.5s])");
    check_description(BELAY_SECOND, "[1s])");
    check_description(20 * BELAY_MILLISECOND, "[20ms])");
    check_description(1, "[1ns])");
    check_description(BELAY_MINUTE, "[1m0s])");
    check_description(90 * BELAY_MINUTE + BELAY_SECOND / 4, "[1h30m0.25s])");
    fake_clock_stop();
}

static bool is_explained(const belay_ctx *ctx, const char *part)
{
    char text[300];
    belay_explain(ctx, text, sizeof text);
    return strstr(text, part) != NULL;
}

TEST(an_explanation_tells_when_and_how_long)
{
    fake_clock_start();
    belay_ctx *ctx = belay_with_timeout(NULL, 3 * BELAY_SECOND);
    belay_ctx *ended = belay_with_cancel(NULL);
    belay_cancel(ended);

    CHECK(is_explained(ended, "0s ago"));
    fake_clock_move(1500 * BELAY_MILLISECOND);

    CHECK(is_explained(ended, "1.5s ago"));
    CHECK(is_explained(ctx, "1.5s left"));
    belay_end(ended);
    belay_end(ctx);
    fake_clock_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_takes_its_time_and_not_a_nanosecond_less),
        cmocka_unit_test(a_cancel_ends_a_timed_wait_though_no_time_passes),
        cmocka_unit_test(a_deadline_ends_a_timed_wait_in_its_instant),
        cmocka_unit_test(
            a_wait_that_ends_in_the_instant_of_the_deadline_ends_one_way),
        cmocka_unit_test(a_wait_runs_the_clock_for_its_own_deadline),
        cmocka_unit_test(a_wait_for_what_can_never_end_is_for_ever),
        cmocka_unit_test(a_description_tells_the_time_left),
        cmocka_unit_test(an_explanation_tells_when_and_how_long),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
