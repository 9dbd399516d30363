/* SPDX-License-Identifier: MIT */
#include "spawned.h"

#include <sys/stat.h>
#include <sys/wait.h>

/* Starting, waiting, and what comes of it. */

static struct belay_process_result run(const char *script)
{
    struct belay_command command = {.argv = SHELL(script)};
    struct belay_process_result result;
    CHECK(belay_process_run(NULL, &command, &result) == 0);
    return result;
}

/* --- Results -------------------------------------------------------------- */

TEST(the_result_has_the_exit_code)
{
    struct belay_process_result result = run("exit 7");

    CHECK(result.exit_code == 7 && result.signal == 0);
    CHECK(!result.was_stopped && !result.was_cut && !result.has_dumped_core);
}

TEST(the_result_has_the_signal)
{
    struct belay_process_result result = run("kill -9 $$");

    CHECK(result.exit_code == -1 && result.signal == SIGKILL);
    CHECK(!result.was_stopped);
}

TEST(the_result_has_the_processor_time)
{
    struct belay_process_result result =
        run("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done");

    CHECK(result.user + result.system > BELAY_MILLISECOND);
}

TEST(a_second_wait_has_the_same_result)
{
    struct belay_command command = {.argv = SHELL("exit 3")};
    struct belay_process process;
    struct belay_process_result result;
    CHECK(belay_process_spawn(NULL, &process, &command) == 0);

    for (int i = 0; i < 2; ++i) {
        CHECK(belay_process_wait(NULL, &process, &result) == 0);
        CHECK(result.exit_code == 3);
    }

    belay_process_end(&process);
}

/* --- What cannot be started ------------------------------------------------
 */

TEST(what_cannot_be_executed_is_an_error_of_the_spawn)
{
    struct belay_process_result result;
    const struct {
        const char *name;
        int err;
    } tries[] = {{"no-such-program-here", -ENOENT},
                 {"/no/such/program", -ENOENT},
                 {"/etc/passwd", -EACCES},
                 {"/", -EACCES}};
    for (size_t i = 0; i < LENGTH(tries); ++i) {
        const char *const argv[] = {tries[i].name, NULL};
        struct belay_command command = {.argv = argv};

        CHECK(belay_process_run(NULL, &command, &result) == tries[i].err);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

TEST(bad_commands_are_refused)
{
    const char *const none[] = {NULL};
    const struct belay_command commands[] = {
        {.argv = NULL},
        {.argv = none},
        {.argv = SHELL(":"), .out = -7},
        {.argv = SHELL(":"), .out = BELAY_PIPE},
        {.argv = SHELL(":"), .grace = -1},
        {.argv = SHELL(":"), .stop_signal = 1000},
    };
    for (size_t i = 0; i < LENGTH(commands); ++i) {
        struct belay_process_result result;
        CHECK(belay_process_run(NULL, &commands[i], &result) == -EINVAL);
    }
}

TEST(a_descriptor_or_a_directory_that_is_not_there_is_an_error)
{
    struct belay_process_result result;
    struct belay_command command = {.argv = SHELL(":"), .out = 987};
    CHECK(belay_process_run(NULL, &command, &result) == -EBADF);

    command = (struct belay_command){.argv = SHELL(":"), .cwd = "/no/such"};
    CHECK(belay_process_run(NULL, &command, &result) == -ENOENT);
}

/* EX: E2 of Go's rules. */
TEST(an_ended_context_starts_nothing)
{
    struct belay_command command = {.argv = SHELL("exit 1")};
    struct belay_process process;
    belay_ctx *ctx = belay_with_timeout(NULL, 0);

    CHECK(belay_process_spawn(ctx, &process, &command) ==
          BELAY_DEADLINE_EXCEEDED);

    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    belay_end(ctx);
}

/* --- Giving back ------------------------------------------------------------
 */

static int open_descriptors(void)
{
    int count = 0;
    struct stat about;
    for (int fd = 0; fd < 200; ++fd)
        count += fstat(fd, &about) == 0;
    return count;
}

TEST(one_that_is_given_back_while_it_runs_is_killed)
{
    struct belay_command command = {.argv = SHELL("trap '' TERM; cat"),
                                    .in = BELAY_PIPE,
                                    .out = BELAY_PIPE,
                                    .err = BELAY_PIPE};
    struct belay_process process;
    int before = open_descriptors();
    CHECK(belay_process_spawn(NULL, &process, &command) == 0);
    pid_t pid = process.pid;

    belay_process_end(&process);

    CHECK(kill(pid, 0) == -1);
    CHECK(open_descriptors() == before);
}

TEST(of_a_refused_command_nothing_is_left)
{
    struct belay_command command = {.argv = SHELL(":"),
                                    .in = BELAY_PIPE,
                                    .out = BELAY_NULL,
                                    .err = BELAY_PIPE,
                                    .cwd = "/no/such"};
    struct belay_process process;
    int before = open_descriptors();

    CHECK(belay_process_spawn(NULL, &process, &command) == -ENOENT);

    CHECK(open_descriptors() == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_has_the_exit_code),
        cmocka_unit_test(the_result_has_the_signal),
        cmocka_unit_test(the_result_has_the_processor_time),
        cmocka_unit_test(a_second_wait_has_the_same_result),
        cmocka_unit_test(what_cannot_be_executed_is_an_error_of_the_spawn),
        cmocka_unit_test(bad_commands_are_refused),
        cmocka_unit_test(
            a_descriptor_or_a_directory_that_is_not_there_is_an_error),
        cmocka_unit_test(an_ended_context_starts_nothing),
        cmocka_unit_test(one_that_is_given_back_while_it_runs_is_killed),
        cmocka_unit_test(of_a_refused_command_nothing_is_left),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
