/* SPDX-License-Identifier: MIT */
#ifndef BELAY_PROCESS_H
#define BELAY_PROCESS_H

/*
 * A child process that stops when a context ends: kindly first, and after a
 * grace with everything that it has started.
 *
 *     const char *const argv[] = {"convert", "in.png", "out.jpg", NULL};
 *     struct belay_command command = {.argv = argv};
 *     struct belay_process_result result;
 *     int err = belay_process_run(ctx, &command, &result);
 *     if (err != 0)
 *         return err;
 *     return result.exit_code;
 *
 * A process is for one thread at a time; its context may end anywhere.  No
 * handler is installed, SIGCHLD is not needed, and no child is reaped but the
 * one that was started here.
 */

#include <belay/belay.h>

#include <sys/types.h>

/* What becomes of the child's descriptors 0, 1 and 2; or one of yours. */
#define BELAY_INHERIT 0  /* it is that of this process */
#define BELAY_NULL (-1)  /* /dev/null */
#define BELAY_PIPE (-2)  /* a pipe, whose other end is in belay_process */

/* What to run.  All zeros but for argv is fine. */
struct belay_command {
    const char *const *argv; /* ends with NULL; looked for as by execvp(3) */
    const char *const *env;  /* ends with NULL; NULL: that of this process */
    const char *cwd;         /* NULL: that of this process */
    int in, out, err;        /* BELAY_INHERIT, BELAY_NULL, BELAY_PIPE, an fd */
    int stop_signal;         /* 0: SIGTERM */
    belay_duration grace;    /* between it and SIGKILL; 0: two seconds */
    const char *cgroup;      /* a delegated directory of cgroup v2, or NULL */
};

/* What has become of it. */
struct belay_process_result {
    int exit_code;         /* -1: a signal ended it, or nobody knows */
    int signal;            /* that ended it; 0: none did */
    bool has_dumped_core;
    bool was_stopped;      /* its context ended while it ran */
    bool was_cut;          /* output was given up: others held the pipe */
    belay_duration user;   /* processor time, with the children it waited for */
    belay_duration system;
};

/* Yours to place, where it stays until given back; the library's to fill in. */
struct belay_process {
    pid_t pid;        /* it and its group; not used again before the wait */
    int in, out, err; /* our ends of the pipes, or -1; close one: -1 then */
    int fd;           /* readable when it has exited; -1: not to be had */
    const belay_ctx *ctx;
    struct belay_after *after;
    char *cgroup;
    pid_t owner;
    int state;
    int stop_signal;
    belay_duration grace;
    belay_time cut;
    char id[40];
    struct belay_process_result result;
};

/*
 * Starts a process that lives no longer than ctx.
 *
 * When ctx ends, on a thread of the library, its group is sent stop_signal;
 * when it has exited, or the grace is over, what is left is killed: the cgroup,
 * if one was asked for; otherwise its group, and every process that has
 * inherited its environment, wherever it went.  This holds until the wait is
 * over; what a process leaves behind that ended by itself is left alone.
 *
 * The child leads a group of its own.  It has no descriptors but 0, 1 and 2,
 * no signal is blocked, and each does what it does by default, but for SIGHUP,
 * SIGINT and SIGQUIT, which stay ignored if they are.  The deadline of ctx is
 * in its environment: see belay_with_inherited_deadline().
 *
 * Returns 0; belay_err(ctx), and nothing was started; or a negative errno, also
 * of whatever the child could not do before the program began: -ENOENT,
 * -EACCES.  Then there is nothing to give back.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(2, 3)
int belay_process_spawn(const belay_ctx *ctx, struct belay_process *process,
                        const struct belay_command *command);

/*
 * Reads what the process writes, from its `out` or `err`, as read(2): a count,
 * 0 at the end, or a negative errno; belay_err(ctx) when that has ended.
 *
 * It is the end, too, when the process has exited, the grace is over since, and
 * another process still holds the pipe: result.was_cut says so.
 */
BELAY_API BELAY_NONNULL(2, 4)
ssize_t belay_process_read(const belay_ctx *ctx, struct belay_process *process,
                           int fd, void *buffer, size_t size);

/*
 * Waits until the process has exited, and what was to be killed is gone.
 *
 * Returns 0 and the result, also a second time.  Or belay_err(ctx), and nothing
 * has changed: the process goes on.  But if the context that it was started
 * with has ended, it is on its way out, and this waits for it: so that with one
 * context for both there is always a result.
 *
 * -ECHILD: it is over, and somebody else knows how: SIGCHLD is ignored, or the
 * program waits for any child.  There is a result, without the exit code.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_process_wait(const belay_ctx *ctx, struct belay_process *process,
                       struct belay_process_result *ret_result);

/*
 * Gives process back, once, whatever has become of it, and closes the pipes.
 * One that has not been waited for, and still runs, is killed with all that it
 * has started.
 */
BELAY_API BELAY_NONNULL(1)
void belay_process_end(struct belay_process *process);

/*
 * All of the above: starts, waits, gives back.  Returns 0 if the process ran to
 * an end of its own, whatever its exit code; belay_err(ctx) if it was stopped;
 * -ECHILD; or why it could not be started, *ret_result being all zeros then.
 * -EINVAL: nobody would read from a BELAY_PIPE.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_process_run(const belay_ctx *ctx, const struct belay_command *command,
                      struct belay_process_result *ret_result);

/*
 * In the child: returns a context that ends at the deadline of the context that
 * this process was started with, as belay_with_deadline(); without one,
 * as belay_with_cancel().
 *
 * It is the very instant on the same machine; in a container with a clock of
 * its own, the time that was left counts from now on.  What is not a deadline
 * gives a context that has ended, with the cause -EINVAL.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_inherited_deadline(const belay_ctx *parent);

/* As belay_with_inherited_deadline(), with a place to give. */
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_inherited_deadline_at(const belay_ctx *parent,
                                            const char *where);

#define belay_with_inherited_deadline(parent) \
    belay_with_inherited_deadline_at(parent, BELAY_HERE)

#endif
