/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "spawned.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Processes in a sandbox, and on the other side of a fork(). */

/* --- Without descriptors of processes
 * ------------------------------------------- */

/* As in old kernels and strict containers. */
static void forbid_descriptors(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_PIDFD, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    struct sock_fprog program = {LENGTH(filter), filter};
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void run_without_descriptors(void *arg)
{
    (void)arg;
    struct belay_command command = {.argv = SHELL("exit 3")};
    struct belay_process_result result;
    forbid_descriptors();
    EXPECT(belay_process_run(NULL, &command, &result) == 0);
    EXPECT(result.exit_code == 3);
    signal(SIGCHLD, SIG_IGN);
    EXPECT(belay_process_run(NULL, &command, &result) == -ECHILD);
}

static void stop_without_descriptors(void *arg)
{
    (void)arg;
    struct belay_command command = {.argv = SHELL(STUBBORN "exec sleep 60"),
                                    .grace = SHORT};
    struct belay_process process;
    forbid_descriptors();
    belay_ctx *ctx = belay_with_cancel(NULL);
    pid_t grandchild = atoi(spawn(ctx, &process, command));
    EXPECT(process.fd == -1);
    cancel_and_wait(ctx, &process);
    EXPECT(is_gone(grandchild));
}

static void read_without_descriptors(void *arg)
{
    (void)arg;
    struct belay_command command = {.argv = SHELL("sleep 60 & echo ready"),
                                    .grace = SHORT};
    struct belay_process process;
    char byte;
    forbid_descriptors();
    belay_ctx *ctx = belay_with_cancel(NULL);
    spawn(ctx, &process, command);
    EXPECT(belay_process_read(ctx, &process, process.out, &byte, 1) == 0);
    belay_cancel(ctx);
    belay_process_end(&process);
    belay_end(ctx);
}

TEST(without_descriptors_of_processes_all_is_the_same)
{
    CHECK(in_child(run_without_descriptors, NULL) == 0);
    CHECK(in_child(stop_without_descriptors, NULL) == 0);
    CHECK(in_child(read_without_descriptors, NULL) == 0);
}

/* --- fork()
 * ------------------------------------------------------------------------- */

static void end_in_child(void *arg)
{
    belay_process_end(arg);
}

TEST(a_forked_child_that_gives_back_a_process_does_not_kill_it)
{
    struct belay_command command = {.argv = SHELL("echo ready; exec cat"),
                                    .in = BELAY_PIPE};
    struct belay_process process;
    spawn(NULL, &process, command);

    CHECK(in_child(end_in_child, &process) == 0);

    CHECK(!is_gone(process.pid));
    belay_process_end(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_descriptors_of_processes_all_is_the_same),
        cmocka_unit_test(
            a_forked_child_that_gives_back_a_process_does_not_kill_it),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
