/* SPDX-License-Identifier: MIT */
#include "spawned.h"

#include <fcntl.h>

/* What the child starts from. */

/* All that a script writes. */
static void output_of(struct belay_command command, char *text, size_t size)
{
    struct belay_process process;
    struct belay_process_result result;
    size_t length = 0;
    ssize_t count;
    command.out = BELAY_PIPE;
    CHECK(belay_process_spawn(NULL, &process, &command) == 0);
    while ((count = belay_process_read(NULL, &process, process.out,
                                       text + length, size - length)) > 0)
        length += (size_t)count;
    CHECK(count == 0 && length < size);
    text[length] = '\0';
    CHECK(belay_process_wait(NULL, &process, &result) == 0);
    belay_process_end(&process);
}

TEST(the_child_has_the_directory_and_the_environment_it_was_given)
{
    char text[200];
    const char *const env[] = {"COLOR=green", "BELAY_DEADLINE=1", NULL};
    struct belay_command command = {
        .argv = SHELL("pwd; echo $COLOR/$HOME/$BELAY_DEADLINE"),
        .env = env,
        .cwd = "/usr"};

    output_of(command, text, sizeof text);

    CHECK(strcmp(text, "/usr\ngreen//\n") == 0);
}

TEST(the_child_has_three_descriptors_and_no_more)
{
    char text[200];
    int leaked = open("/dev/null", O_RDONLY);
    struct belay_command command = {
        .argv = SHELL("for i in 0 1 2 3 4 5 6 7 8 9; do "
                      "[ -e /proc/$$/fd/$i ] && echo $i; done"),
        .in = BELAY_NULL};

    output_of(command, text, sizeof text);

    CHECK(strcmp(text, "0\n1\n2\n") == 0);
    close(leaked);
}

/* Also where each is in another's place. */
TEST(descriptors_find_their_places)
{
    char text[200];
    int out = dup(1);
    int err = dup(2);
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    dup2(ends[1], 2);
    struct belay_command command = {
        .argv = SHELL("echo out; echo err >&2"), .out = 2, .err = 2};
    struct belay_process_result result;

    int failed = belay_process_run(NULL, &command, &result);
    dup2(err, 2);

    CHECK(failed == 0 && result.exit_code == 0);
    close(ends[1]);
    CHECK(read(ends[0], text, sizeof text) == 8);
    CHECK(memcmp(text, "out\nerr\n", 8) == 0);
    close(ends[0]);
    close(out);
    close(err);
}

TEST(what_is_written_to_its_pipe_the_child_reads)
{
    char text[20];
    struct belay_command command = {
        .argv = SHELL("cat"), .in = BELAY_PIPE, .out = BELAY_PIPE};
    struct belay_process process;
    CHECK(belay_process_spawn(NULL, &process, &command) == 0);

    CHECK(write(process.in, "hello", 5) == 5);
    close(process.in);
    process.in = -1;

    CHECK(belay_process_read(NULL, &process, process.out, text, 20) == 5);
    CHECK(belay_process_read(NULL, &process, process.out, text, 20) == 0);
    belay_process_end(&process);
}

/* Of what is blocked or ignored here, the child has nohup(1)'s alone. */
TEST(signals_are_as_by_default_in_the_child)
{
    char text[200];
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    struct belay_command command = {
        .argv = (const char *const[]){"grep", "-E", "Sig(Blk|Ign)",
                                      "/proc/self/status", NULL}};

    output_of(command, text, sizeof text);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);

    CHECK(strcmp(text, "SigBlk:\t0000000000000000\n"
                       "SigIgn:\t0000000000000001\n") == 0);
}

TEST(the_child_leads_a_group_of_its_own)
{
    struct belay_command command = {.argv = SHELL("cat"), .in = BELAY_PIPE};
    struct belay_process process;
    CHECK(belay_process_spawn(NULL, &process, &command) == 0);

    CHECK(getpgid(process.pid) == process.pid);

    belay_process_end(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_child_has_the_directory_and_the_environment_it_was_given),
        cmocka_unit_test(the_child_has_three_descriptors_and_no_more),
        cmocka_unit_test(descriptors_find_their_places),
        cmocka_unit_test(what_is_written_to_its_pipe_the_child_reads),
        cmocka_unit_test(signals_are_as_by_default_in_the_child),
        cmocka_unit_test(the_child_leads_a_group_of_its_own),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
