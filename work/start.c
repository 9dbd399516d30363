/* SPDX-License-Identifier: MIT */

/*
 * Starting a program from a process with threads.
 *
 * The child shares our memory until the program begins, and this thread waits
 * for that: nothing is copied, however large we are.  So the child calls the
 * system and nothing else, not even functions of the C library that are known
 * to be safe: a sanitizer that watches those would take the child for us.
 * All signals are blocked: no handler of ours runs in it.
 *
 * posix_spawn() does the same, but gives no descriptor of the process, cannot
 * enter a cgroup, and does not reset what is ignored.
 */

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- In the child -------------------------------------------------------- */

/* All zeros is SIG_DFL, whatever the layout; handlers go, as with exec. */
static void reset_signals(const struct plan *plan)
{
    static const int kept[] = {SIGHUP, SIGINT, SIGQUIT};
    static const long none[32];
    for (int number = 1; number < NSIG; ++number) {
        bool is_kept = false;
        for (int i = 0; i < 3; ++i)
            is_kept |= number == kept[i] && plan->is_ignored[i];
        if (!is_kept)
            syscall(SYS_rt_sigaction, number, none, NULL, NSIG / 8);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, NSIG / 8);
}

/* First out of each other's way, then into place, without close-on-exec. */
static bool place_stdio(struct plan *plan)
{
    int *stdio = plan->stdio;
    for (int i = 0; i < 3; ++i)
        if (stdio[i] < 3 && stdio[i] != i)
            stdio[i] = (int)syscall(SYS_fcntl, stdio[i], F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; ++i) {
        if (stdio[i] < 0)
            return false;
        if (stdio[i] == i)
            syscall(SYS_fcntl, i, F_SETFD, 0);
        else if (syscall(SYS_dup3, stdio[i], i, 0) < 0)
            return false;
    }
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    return true;
}

/* Goes on to the next directory after these, as execvp(3) does. */
static bool may_be_elsewhere(int err)
{
    return err == ENOENT || err == ENOTDIR || err == EACCES || err == ESTALE ||
           err == ENODEV;
}

/* The next of the directories in path, and the name; false: it is too long. */
static bool join(char *candidate, size_t size, const char *path, size_t length,
                 const char *name)
{
    size_t name_size = strlen(name) + 1;
    if (length + 1 + name_size > size)
        return false;
    memcpy(candidate, path, length);
    if (length > 0)
        candidate[length++] = '/';
    memcpy(candidate + length, name, name_size);
    return true;
}

static int try(struct plan *plan, const char *path, size_t length)
{
    if (!join(plan->candidate, sizeof plan->candidate, path, length,
              plan->argv[0]))
        return ENOENT;
    syscall(SYS_execve, plan->candidate, plan->argv, plan->env);
    return errno;
}

/* Returns why there is nothing to execute. */
static int execute(struct plan *plan)
{
    const char *path = strchr(plan->argv[0], '/') != NULL ? "" : plan->path;
    int err = ENOENT;
    for (;; ++path) {
        size_t length = strcspn(path, ":");
        int failure = try(plan, path, length);
        if (!may_be_elsewhere(failure))
            return failure;
        if (failure == EACCES)
            err = EACCES;
        path += length;
        if (*path == '\0')
            return err;
    }
}

static bool enter_cgroup(int procs)
{
    return procs < 0 || syscall(SYS_write, procs, "0", 1) == 1;
}

static int be_child(void *arg)
{
    struct plan *plan = arg;
    int err = 0;
    if (syscall(SYS_setpgid, 0, 0) == 0 && enter_cgroup(plan->cgroup) &&
        (plan->cwd == NULL || syscall(SYS_chdir, plan->cwd) == 0) &&
        place_stdio(plan)) {
        reset_signals(plan);
        err = execute(plan);
    } else {
        err = errno;
    }
    syscall(SYS_write, plan->report, &err, sizeof err);
    return 127;
}

/* --- In the parent ------------------------------------------------------- */

static void note_ignored(struct plan *plan)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT};
    for (int i = 0; i < 3; ++i) {
        struct sigaction action;
        plan->is_ignored[i] = sigaction(numbers[i], NULL, &action) == 0 &&
                              action.sa_handler == SIG_IGN;
    }
}

/*
 * The thread sanitizer puts a function of its own in the place of clone(), in
 * any program that is built with it, and takes every child for that of a
 * fork().  The C library has the function under two names.
 */
#if defined(__GLIBC__)
extern __typeof__(clone) __clone;
#define clone __clone
#endif

/* A sandbox, or an old kernel, may refuse to give a descriptor of it. */
static pid_t clone_child(struct plan *plan, int *ret_fd)
{
    const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    void *top = plan->stack + sizeof plan->stack;
    *ret_fd = -1;
    pid_t pid = clone(be_child, top, flags | CLONE_PIDFD, plan, ret_fd);
    if (pid >= 0)
        return pid;
    *ret_fd = -1;
    return clone(be_child, top, flags, plan);
}

static void forget_child(pid_t pid, int fd)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (fd >= 0)
        close(fd);
}

static int start(struct plan *plan, pid_t *ret_pid, int *ret_fd)
{
    sigset_t all;
    sigset_t old;
    note_ignored(plan);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid_t pid = clone_child(plan, ret_fd);
    int err = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    *ret_pid = pid;
    return pid < 0 ? -err : 0;
}

int belay__start(struct plan *plan, pid_t *ret_pid, int *ret_fd)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return -errno;
    plan->report = belay__lift(report[1]);
    int err = plan->report < 0 ? plan->report : start(plan, ret_pid, ret_fd);
    if (plan->report >= 0)
        close(plan->report);

    int failure;
    if (err == 0 && read(report[0], &failure, sizeof failure) > 0) {
        forget_child(*ret_pid, *ret_fd);
        err = -failure;
    }
    close(report[0]);
    return err;
}
