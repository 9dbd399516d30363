/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "fakes/failing.h"

#include <belay/process.h>
#include <belay/signal.h>

#include <signal.h>

/* What is refused where the core has no memory and no thread. */

static bool is_caught(int number)
{
    struct sigaction action;
    CHECK(sigaction(number, NULL, &action) == 0);
    return action.sa_handler != SIG_DFL;
}

TEST(without_memory_or_a_thread_signals_are_not_caught_and_work_is_refused)
{
    const enum failing calls[] = {ALLOCATE, THREAD};
    for (size_t i = 0; i < LENGTH(calls); ++i) {
        for (int first = 0; first < 6; ++first) {
            struct belay_signals signals;
            int live = failing_live();
            failing_between(calls[i], first, first, -ENOMEM);
            int err = belay_signals_begin(&signals, NULL, NULL);
            failing_never();

            CHECK(err == 0 || err == -ENOMEM);
            CHECK(is_caught(SIGINT) == (err == 0));
            CHECK((belay_err(signals.soft) == 0) == (err == 0));
            belay_signals_end(&signals);
            CHECK(!is_caught(SIGINT));
            CHECK(failing_live() == live);
        }
    }
}

TEST(without_memory_a_trigger_is_refused_and_to_pull_it_does_nothing)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    for (int first = 0; first < 2; ++first) {
        struct belay_trigger trigger;
        int live = failing_live();
        failing_between(ALLOCATE, first, first, -ENOMEM);
        CHECK(belay_trigger_begin(&trigger, ctx, 0, NULL) == -ENOMEM);
        failing_never();

        belay_trigger_pull(&trigger);
        belay_trigger_end(&trigger);

        CHECK(failing_live() == live);
        CHECK(belay_err(ctx) == 0);
    }
    belay_end(ctx);
}

TEST(without_memory_a_process_is_not_started_or_killed)
{
    const char *const argv[] = {"sleep", "60", NULL};
    struct belay_command command = {.argv = argv};
    struct belay_process process;
    belay_ctx *ctx = belay_with_cancel(NULL);
    int live = failing_live();
    failing_between(ALLOCATE, 0, 0, -ENOMEM);

    CHECK(belay_process_spawn(ctx, &process, &command) == -ENOMEM);

    failing_never();
    CHECK(failing_live() == live);
    CHECK(kill(process.pid, 0) == -1);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            without_memory_or_a_thread_signals_are_not_caught_and_work_is_refused),
        cmocka_unit_test(
            without_memory_a_trigger_is_refused_and_to_pull_it_does_nothing),
        cmocka_unit_test(without_memory_a_process_is_not_started_or_killed),
    };
    failing_install();
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
