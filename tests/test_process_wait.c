/* SPDX-License-Identifier: MIT */
#include "spawned.h"

#include <sys/wait.h>

/* Pipes that others hold, and children that others wait for. */

/* --- Pipes -------------------------------------------------------------------
 */

/* EX05: the exit was clean, the result says that the output may not be whole.
 */
TEST(a_pipe_that_a_grandchild_holds_is_given_up_after_the_grace)
{
    struct belay_command command = {.argv = SHELL("sleep 60 & echo ready"),
                                    .grace = SHORT};
    struct belay_process process;
    struct belay_process_result result;
    char byte;
    belay_ctx *ctx = belay_with_cancel(NULL);
    spawn(ctx, &process, command);

    CHECK(belay_process_read(ctx, &process, process.out, &byte, 1) == 0);

    belay_cancel(ctx); /* the sleep, too */
    CHECK(belay_process_wait(ctx, &process, &result) == 0);
    CHECK(result.was_cut && !result.was_stopped && result.exit_code == 0);
    belay_process_end(&process);
    belay_end(ctx);
}

TEST(a_read_ends_with_its_context)
{
    struct belay_command command = {.argv = SHELL("echo ready; exec sleep 60")};
    struct belay_process process;
    char byte;
    belay_ctx *ctx = belay_with_timeout(NULL, SHORT);
    spawn(NULL, &process, command);

    CHECK(belay_process_read(ctx, &process, process.out, &byte, 1) ==
          BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_process_read(NULL, &process, -1, &byte, 1) == -EBADF);

    belay_process_end(&process);
    belay_end(ctx);
}

/* --- Who else reaps
 * ------------------------------------------------------------ */

TEST(where_children_are_not_waited_for_the_exit_is_seen_and_the_code_is_not)
{
    struct belay_command command = {.argv = SHELL("exit 3")};
    struct belay_process_result result;
    signal(SIGCHLD, SIG_IGN);

    CHECK(belay_process_run(NULL, &command, &result) == -ECHILD);

    CHECK(result.exit_code == -1 && result.signal == 0);
    signal(SIGCHLD, SIG_DFL);
}

TEST(where_the_program_waits_for_any_child_the_exit_is_seen)
{
    struct belay_command command = {.argv = SHELL("exit 3")};
    struct belay_process process;
    struct belay_process_result result;
    CHECK(belay_process_spawn(NULL, &process, &command) == 0);
    CHECK(waitpid(-1, NULL, 0) == process.pid);

    CHECK(belay_process_wait(NULL, &process, &result) == -ECHILD);

    CHECK(result.exit_code == -1);
    belay_process_end(&process);
}

TEST(nobody_elses_child_is_reaped)
{
    pid_t other = fork();
    if (other == 0)
        _exit(9);
    struct belay_command command = {.argv = SHELL("exit 3")};
    struct belay_process_result result;
    int status;

    CHECK(belay_process_run(NULL, &command, &result) == 0);

    CHECK(waitpid(other, &status, 0) == other);
    CHECK(WEXITSTATUS(status) == 9);
}

/* --- What the caller's thread notices of it ------------------------------ */

/* Its own cancellation is pending from before the first call to the last. */
static void *use_while_canceled(void *arg)
{
    struct belay_command command = {
        .argv = SHELL("echo 7; exit 7"), .in = BELAY_NULL, .out = BELAY_PIPE};
    struct belay_process process;
    struct belay_process_result result;
    char text[10];
    pthread_cancel(pthread_self());
    errno = EXDEV;
    if (belay_process_spawn(NULL, &process, &command) == 0) {
        belay_process_read(NULL, &process, process.out, text, sizeof text);
        belay_process_wait(NULL, &process, &result);
        belay_process_end(&process);
        if (errno == EXDEV)
            *(int *)arg = result.exit_code;
    }
    pthread_testcancel();
    return NULL;
}

TEST(no_function_changes_errno_or_lets_its_thread_be_canceled)
{
    int exit_code = 0;

    CHECK(join(start(use_while_canceled, &exit_code)) == PTHREAD_CANCELED);

    CHECK(exit_code == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_pipe_that_a_grandchild_holds_is_given_up_after_the_grace),
        cmocka_unit_test(a_read_ends_with_its_context),
        cmocka_unit_test(
            where_children_are_not_waited_for_the_exit_is_seen_and_the_code_is_not),
        cmocka_unit_test(
            where_the_program_waits_for_any_child_the_exit_is_seen),
        cmocka_unit_test(nobody_elses_child_is_reaped),
        cmocka_unit_test(
            no_function_changes_errno_or_lets_its_thread_be_canceled),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
