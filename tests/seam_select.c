/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

#include <belay/select.h>

/* Selects on time that a test moves; the program drives the clock. */

struct selecting {
    const belay_ctx *ctx;
    struct belay_case cases[3];
    size_t count;
    atomic_int is_over;
};

static void *select_them(void *arg)
{
    struct selecting *s = arg;
    int which = belay_select(s->ctx, s->cases, s->count);
    s->is_over = 1;
    return (void *)(intptr_t)which;
}

TEST(an_instant_happens_when_it_comes_and_not_a_nanosecond_before)
{
    fake_clock_start();
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (size_t count = 2; count <= 3; ++count) {
        struct selecting s = {.cases = {belay_case_after(BELAY_HOUR),
                                        belay_case_after(30 * BELAY_SECOND),
                                        belay_case_fd(ends[0], POLLIN)},
                              .count = count};
        pthread_t thread = start(select_them, &s);
        fake_clock_await_sleepers(1);

        fake_clock_advance(30 * BELAY_SECOND - 1);
        CHECK(s.is_over == 0);
        fake_clock_advance(1);

        CHECK((intptr_t)join(thread) == 1);
    }
    close(ends[0]);
    close(ends[1]);
    fake_clock_stop();
}

TEST(the_deadline_of_the_context_ends_a_select_before_its_instants)
{
    fake_clock_start();
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    struct selecting s = {.ctx = ctx,
                          .cases = {belay_case_after(10 * BELAY_SECOND + 1)},
                          .count = 1};
    pthread_t thread = start(select_them, &s);
    fake_clock_await_sleepers(1);

    fake_clock_advance(10 * BELAY_SECOND);

    CHECK((intptr_t)join(thread) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    fake_clock_stop();
}

/* Both are due when the clock is run: the earlier one is what happened. */
TEST(an_instant_before_the_deadline_of_the_context_happens)
{
    fake_clock_start();
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    struct selecting s = {.ctx = ctx,
                          .cases = {belay_case_after(10 * BELAY_SECOND - 1)},
                          .count = 1};
    pthread_t thread = start(select_them, &s);
    fake_clock_await_sleepers(1);

    fake_clock_advance(BELAY_HOUR);

    CHECK(join(thread) == NULL);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    fake_clock_stop();
}

TEST(an_instant_that_cannot_be_told_from_never_does_not_happen)
{
    fake_clock_start();
    const belay_duration durations[] = {BELAY_FOREVER, BELAY_FOREVER - 1,
                                        BELAY_FOREVER / 2};
    for (size_t i = 0; i < LENGTH(durations); ++i) {
        struct belay_case only = belay_case_after(durations[i]);
        CHECK(belay_try_select(&only, 1) == -EAGAIN);
    }
    fake_clock_stop();
}

TEST(an_instant_of_long_ago_has_come)
{
    const belay_duration durations[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < LENGTH(durations); ++i) {
        struct belay_case only = belay_case_after(durations[i]);
        CHECK(belay_try_select(&only, 1) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            an_instant_happens_when_it_comes_and_not_a_nanosecond_before),
        cmocka_unit_test(
            the_deadline_of_the_context_ends_a_select_before_its_instants),
        cmocka_unit_test(an_instant_before_the_deadline_of_the_context_happens),
        cmocka_unit_test(
            an_instant_that_cannot_be_told_from_never_does_not_happen),
        cmocka_unit_test(an_instant_of_long_ago_has_come),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
