/* SPDX-License-Identifier: MIT */
#include "race.h"
#include "spawned.h"

#include <belay/signal.h>

/* How a context ends a process; EX01 and EX03 of Go's cases are marked. */

/* Cancels once the process is ready, and returns what has become of it. */
static struct belay_process_result stop(struct belay_command command)
{
    struct belay_process process;
    struct belay_process_result result;
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(strcmp(spawn(ctx, &process, command), "ready\n") == 0);

    belay_cancel(ctx);

    CHECK(belay_process_wait(ctx, &process, &result) == 0);
    CHECK(is_gone(process.pid));
    belay_process_end(&process);
    belay_end(ctx);
    return result;
}

/* EX01; here the kind signal is the default, not SIGKILL. */
TEST(a_process_is_stopped_when_its_context_ends)
{
    struct belay_process_result result = stop(
        (struct belay_command){.argv = SHELL("echo ready; exec sleep 60")});

    CHECK(result.was_stopped);
    CHECK(result.signal == SIGTERM && result.exit_code == -1);
}

/* EX03: handled */
TEST(a_process_that_handles_the_signal_ends_as_it_likes)
{
    struct belay_process_result result = stop((struct belay_command){
        .argv = SHELL("trap 'exit 5' TERM; echo ready; while :; do "
                      "sleep 0.01; done"),
        .grace = BELAY_MINUTE});

    CHECK(result.was_stopped);
    CHECK(result.exit_code == 5 && result.signal == 0);
}

/* EX03: ignored */
TEST(a_process_that_ignores_the_signal_is_killed_after_the_grace)
{
    belay_time before = belay_now();

    struct belay_process_result result = stop((struct belay_command){
        .argv = SHELL("trap '' TERM; echo ready; exec sleep 60"),
        .grace = SHORT});

    CHECK(result.was_stopped);
    CHECK(result.signal == SIGKILL);
    CHECK(belay_now() - before >= SHORT);
}

/* EX03: another signal */
TEST(the_kind_signal_may_be_another)
{
    const int numbers[] = {SIGINT, SIGQUIT, SIGKILL, SIGUSR1};
    for (size_t i = 0; i < LENGTH(numbers); ++i) {
        struct belay_process_result result = stop((struct belay_command){
            .argv = SHELL("ulimit -c 0; echo ready; exec sleep 60"),
            .stop_signal = numbers[i]});

        CHECK(result.signal == numbers[i]);
    }
}

TEST(a_process_that_is_suspended_hears_the_kind_signal)
{
    struct belay_command command = {
        .argv = SHELL("trap 'exit 5' TERM; echo ready; while :; do "
                      "sleep 0.01; done"),
        .grace = BELAY_MINUTE};
    struct belay_process process;
    struct belay_process_result result;
    belay_ctx *ctx = belay_with_cancel(NULL);
    spawn(ctx, &process, command);
    CHECK(kill(process.pid, SIGSTOP) == 0);

    belay_cancel(ctx);

    CHECK(belay_process_wait(ctx, &process, &result) == 0);
    CHECK(result.exit_code == 5);
    belay_process_end(&process);
    belay_end(ctx);
}

TEST(a_process_is_stopped_though_nobody_waits_for_it)
{
    struct belay_command command = {
        .argv = SHELL("trap '' TERM; echo ready; exec sleep 60"),
        .grace = SHORT};
    struct belay_process process;
    char byte;
    belay_ctx *ctx = belay_with_cancel(NULL);
    spawn(ctx, &process, command);

    belay_cancel(ctx);
    CHECK(read(process.out, &byte, 1) == 0); /* until it is killed */

    belay_process_end(&process);
    belay_end(ctx);
}

/* The process says itself when it is to be stopped. */
TEST(a_run_that_was_stopped_says_so)
{
    struct belay_command command = {
        .argv = SHELL("kill -USR1 $PPID; exec sleep 60")};
    struct belay_process_result result;
    struct belay_signals signals;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(belay_signals_begin(&signals, NULL, &set) == 0);

    CHECK(belay_process_run(signals.soft, &command, &result) == BELAY_CANCELED);

    CHECK(result.was_stopped && result.signal == SIGTERM);
    belay_signals_end(&signals);
}

/* --- Waiting ----------------------------------------------------------------
 */

TEST(a_wait_that_ends_early_leaves_the_process_alone)
{
    struct belay_command command = {.argv = SHELL("echo ready; cat; exit 4"),
                                    .in = BELAY_PIPE};
    struct belay_process process;
    struct belay_process_result result;
    belay_ctx *patience = belay_with_timeout(NULL, BELAY_MILLISECOND);
    spawn(NULL, &process, command);

    CHECK(belay_process_wait(patience, &process, &result) ==
          BELAY_DEADLINE_EXCEEDED);
    close(process.in);
    process.in = -1;

    CHECK(belay_process_wait(NULL, &process, &result) == 0);
    CHECK(result.exit_code == 4 && !result.was_stopped);
    belay_process_end(&process);
    belay_end(patience);
}

struct raced {
    belay_ctx *ctx;
    struct belay_process process;
    struct belay_process_result result;
};

static void begin(void *arg)
{
    static const char *const argv[] = {"cat", NULL};
    const struct belay_command command = {.argv = argv, .in = BELAY_PIPE};
    struct raced *raced = arg;
    raced->ctx = belay_with_cancel(NULL);
    CHECK(belay_process_spawn(raced->ctx, &raced->process, &command) == 0);
}

static void let_exit(void *arg)
{
    struct raced *raced = arg;
    close(raced->process.in);
    raced->process.in = -1;
    belay_process_wait(NULL, &raced->process, &raced->result);
}

static void cancel(void *arg)
{
    struct raced *raced = arg;
    belay_cancel(raced->ctx);
}

static void has_one_end(void *arg)
{
    struct raced *raced = arg;
    const struct belay_process_result *result = &raced->result;
    CHECK((result->exit_code == 0 && result->signal == 0) ||
          (result->was_stopped && result->signal == SIGTERM));
    belay_process_end(&raced->process);
    belay_end(raced->ctx);
}

TEST(an_exit_and_a_cancel_give_one_result)
{
    struct raced raced;
    run_race((struct race){begin, let_exit, cancel, has_one_end, &raced},
             RACES / 100);
}

static void give_back(void *arg)
{
    struct raced *raced = arg;
    belay_process_end(&raced->process);
}

static void is_no_more(void *arg)
{
    struct raced *raced = arg;
    CHECK(kill(raced->process.pid, 0) == -1);
    belay_end(raced->ctx);
}

TEST(a_giving_back_and_a_cancel_leave_nothing)
{
    struct raced raced;
    run_race((struct race){begin, give_back, cancel, is_no_more, &raced},
             RACES / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_stopped_when_its_context_ends),
        cmocka_unit_test(a_process_that_handles_the_signal_ends_as_it_likes),
        cmocka_unit_test(
            a_process_that_ignores_the_signal_is_killed_after_the_grace),
        cmocka_unit_test(the_kind_signal_may_be_another),
        cmocka_unit_test(a_process_that_is_suspended_hears_the_kind_signal),
        cmocka_unit_test(a_process_is_stopped_though_nobody_waits_for_it),
        cmocka_unit_test(a_run_that_was_stopped_says_so),
        cmocka_unit_test(a_wait_that_ends_early_leaves_the_process_alone),
        cmocka_unit_test(an_exit_and_a_cancel_give_one_result),
        cmocka_unit_test(a_giving_back_and_a_cancel_leave_nothing),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
