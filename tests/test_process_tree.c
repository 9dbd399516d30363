/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "spawned.h"

#include <sys/prctl.h>
#include <sys/stat.h>

/* EX06, beyond Go: after a canceled run nothing of the tree is left. */

TEST(a_grandchild_that_ignores_everything_and_left_its_session_is_killed)
{
    struct belay_command command = {.argv = SHELL(STUBBORN "exec sleep 60"),
                                    .grace = SHORT};
    struct belay_process process;
    belay_ctx *ctx = belay_with_cancel(NULL);
    pid_t grandchild = atoi(spawn(ctx, &process, command));
    CHECK(grandchild > 1 && !is_gone(grandchild));
    CHECK(getsid(grandchild) == grandchild);

    cancel_and_wait(ctx, &process);

    CHECK(is_gone(grandchild));
}

TEST(giving_back_kills_such_a_grandchild_as_well)
{
    struct belay_command command = {.argv = SHELL(STUBBORN "exec sleep 60")};
    struct belay_process process;
    pid_t grandchild = atoi(spawn(NULL, &process, command));

    belay_process_end(&process);

    CHECK(is_gone(grandchild));
}

TEST(a_tree_that_grows_while_it_is_killed_is_killed)
{
    struct belay_command command = {
        .argv = SHELL("trap '' TERM; echo ready\n"
                      "i=0; while [ $i -lt 60 ]; do i=$((i+1)); "
                      "setsid sleep 60 & sleep 0.001; done; wait"),
        .grace = SHORT};
    struct belay_process process;
    char text[100];
    belay_ctx *ctx = belay_with_cancel(NULL);
    spawn(ctx, &process, command);
    char id[sizeof process.id];
    memcpy(id, process.id, sizeof id);

    cancel_and_wait(ctx, &process);

    snprintf(text, sizeof text, "grep -qsF -- '%s' /proc/[0-9]*/environ", id);
    struct belay_command search = {.argv = SHELL(text)};
    struct belay_process_result result;
    CHECK(belay_process_run(NULL, &search, &result) == 0);
    CHECK(result.exit_code != 0);
}

/* The trees within: a mark does not hide the one outside. */
TEST(a_tree_within_a_tree_is_killed_with_it)
{
    struct belay_command command = {
        .argv = SHELL("export BELAY_PROCESS=$BELAY_PROCESS:inner\n" STUBBORN
                      "exec sleep 60"),
        .grace = SHORT};
    struct belay_process process;
    belay_ctx *ctx = belay_with_cancel(NULL);
    pid_t grandchild = atoi(spawn(ctx, &process, command));

    cancel_and_wait(ctx, &process);

    CHECK(is_gone(grandchild));
}

TEST(what_a_process_leaves_behind_that_ended_by_itself_lives_on)
{
    struct belay_command command = {.argv = SHELL(STUBBORN)};
    struct belay_process process;
    struct belay_process_result result;
    pid_t grandchild = atoi(spawn(NULL, &process, command));

    CHECK(belay_process_wait(NULL, &process, &result) == 0);
    belay_process_end(&process);

    CHECK(!is_gone(grandchild));
    kill(grandchild, SIGKILL);
}

/* Documented: it has replaced its environment, and left the group. */
TEST(what_has_neither_mark_nor_group_escapes)
{
    struct belay_command command = {
        .argv = SHELL("env -i setsid sh -c 'echo $$; exec sleep 60' & "
                      "exec sleep 60"),
        .grace = SHORT};
    struct belay_process process;
    belay_ctx *ctx = belay_with_cancel(NULL);
    pid_t grandchild = atoi(spawn(ctx, &process, command));

    cancel_and_wait(ctx, &process);

    CHECK(!is_gone(grandchild));
    kill(grandchild, SIGKILL);
}

/* --- Where orphans become ours
 * -------------------------------------------------- */

static void find_adopted(void *arg)
{
    (void)arg;
    struct belay_command command = {.argv = SHELL(STUBBORN "exec sleep 60"),
                                    .grace = SHORT};
    struct belay_process process;
    EXPECT(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    belay_ctx *ctx = belay_with_cancel(NULL);
    pid_t grandchild = atoi(spawn(ctx, &process, command));
    cancel_and_wait(ctx, &process);
    bool is_found = false;
    for (pid_t pid; (pid = waitpid(-1, NULL, 0)) > 0;)
        is_found |= pid == grandchild;
    EXPECT(is_found);
}

TEST(a_program_that_adopts_orphans_is_left_to_reap_them)
{
    CHECK(in_child(find_adopted, NULL) == 0);
}

/* --- Control groups
 * -------------------------------------------------------------- */

static const char *delegated_cgroup(void)
{
    static const char *const tries[] = {"/sys/fs/cgroup/unified",
                                        "/sys/fs/cgroup"};
    for (size_t i = 0; i < LENGTH(tries); ++i) {
        char path[100];
        snprintf(path, sizeof path, "%s/belay-test", tries[i]);
        bool is_made = mkdir(path, 0755) == 0;
        char file[120];
        snprintf(file, sizeof file, "%s/cgroup.kill", path);
        bool is_v2 = is_made && access(file, W_OK) == 0;
        if (is_made)
            rmdir(path);
        if (is_v2)
            return tries[i];
    }
    print_message("no cgroup v2 that may be written to\n");
    skip();
    return NULL;
}

TEST(from_a_cgroup_nothing_escapes)
{
    struct belay_command command = {
        .argv = SHELL("env -i setsid sh -c 'echo $$; exec sleep 60' & "
                      "exec sleep 60"),
        .grace = SHORT,
        .cgroup = delegated_cgroup()};
    struct belay_process process;
    char path[200];
    belay_ctx *ctx = belay_with_cancel(NULL);
    pid_t grandchild = atoi(spawn(ctx, &process, command));
    snprintf(path, sizeof path, "%s/%s", command.cgroup, process.id);
    CHECK(access(path, F_OK) == 0);

    cancel_and_wait(ctx, &process);

    CHECK(is_gone(grandchild));
    CHECK(access(path, F_OK) == -1);
}

TEST(a_cgroup_that_is_not_there_is_an_error)
{
    struct belay_command command = {.argv = SHELL(":"), .cgroup = "/no/such"};
    struct belay_process_result result;

    CHECK(belay_process_run(NULL, &command, &result) == -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_grandchild_that_ignores_everything_and_left_its_session_is_killed),
        cmocka_unit_test(giving_back_kills_such_a_grandchild_as_well),
        cmocka_unit_test(a_tree_that_grows_while_it_is_killed_is_killed),
        cmocka_unit_test(a_tree_within_a_tree_is_killed_with_it),
        cmocka_unit_test(
            what_a_process_leaves_behind_that_ended_by_itself_lives_on),
        cmocka_unit_test(what_has_neither_mark_nor_group_escapes),
        cmocka_unit_test(a_program_that_adopts_orphans_is_left_to_reap_them),
        cmocka_unit_test(from_a_cgroup_nothing_escapes),
        cmocka_unit_test(a_cgroup_that_is_not_there_is_an_error),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
