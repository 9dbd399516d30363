/* SPDX-License-Identifier: MIT */
#ifndef BELAY_GROUP_H
#define BELAY_GROUP_H

/*
 * A group runs jobs on threads, and leaves none of them behind.
 *
 *     belay_group *group = belay_group_start(ctx, NULL);
 *     belay_group_go(group, fetch, &left);
 *     belay_group_go(group, fetch, &right);
 *     int err = belay_group_wait(group);
 *     belay_group_end(group);
 *
 * Its jobs share a context, a child of ctx.  The first that fails ends it, so
 * that the others can stop; the cause has the failure's code, its text, and
 * the place of the belay_group_go() that started the job.
 *
 * Whoever starts a group ends it, and does so before leaving the function:
 * what jobs work on may then be on the stack.
 *
 * All may be called from any thread, also from a job.  NULL is a group that
 * was refused for want of memory: it refuses every job, and no caller has to
 * check.  In the child of a fork() a group of the parent has no threads: it
 * refuses with -ECHILD, and can be ended.
 */

#include <belay/belay.h>

typedef struct belay_group belay_group;

/*
 * Returns 0 or a count if it has done its work, and a negative errno or code
 * of its own if not; soon, once ctx has ended.  One that leaves its thread with
 * pthread_exit() counts as a failure, BELAY_CANCELED.
 */
typedef int belay_job(const belay_ctx *ctx, void *arg);

/* What ends the context of a group before all its jobs are over. */
enum belay_until {
    BELAY_UNTIL_FAILURE, /* the first failure */
    BELAY_UNTIL_SUCCESS, /* the first success; failures end nothing */
    BELAY_UNTIL_DONE     /* nothing */
};

/* All zeros is what most groups want, and what NULL in its place means. */
struct belay_group_rules {
    enum belay_until until;
    unsigned limit; /* of jobs that run at once; 0: none */
    unsigned queue; /* of jobs that wait for their turn, where limited */

    /*
     * Has fn(fn_arg) called once, on any thread, now or later: 0, or negative
     * if it never will be.  NULL: on threads of the group's own.
     */
    int (*run)(void *run_arg, void (*fn)(void *fn_arg), void *fn_arg);
    void *run_arg;
};

/*
 * Starts a group, whose jobs get a child of parent.
 *
 * Its threads are started when there are jobs for them, serve one job after
 * the other, and are gone after belay_group_wait().  They are named belay-work
 * and have all signals blocked.
 */
BELAY_API BELAY_MUST_USE
belay_group *belay_group_start_at(const belay_ctx *parent,
                                  const struct belay_group_rules *rules,
                                  const char *where);
#define belay_group_start(parent, rules) \
    belay_group_start_at(parent, rules, BELAY_HERE)

/*
 * Has job(ctx, arg) run: 0, or negative, and then it never does.
 *
 * Each job has a thread to itself if one can be had, and else shares one with
 * others, in the order of their coming.  Where `limit` jobs run and `queue`
 * wait, this waits until one has begun, or, with a queue, until half of it has.
 * In a job of this group it does not: the new job takes its turn, however many
 * there are.
 *
 * Negative: belay_err() of the group's context, also when that ends the wait;
 * -ENOMEM; or there is no thread at all: -EAGAIN, or what `run` said.  The
 * group takes it for a failure, so belay_group_wait() tells of it.
 *
 * What was taken runs, even if the group ends before its turn: a job may own
 * its arg.
 */
BELAY_API BELAY_NONNULL(2)
int belay_group_go_at(belay_group *group, belay_job *job, void *arg,
                      const char *where);
#define belay_group_go(group, job, arg) \
    belay_group_go_at(group, job, arg, BELAY_HERE)

/*
 * As belay_group_go(), if fewer than `limit` jobs run or wait; else -EAGAIN.
 * Never waits, and what it refuses is no failure.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(2)
int belay_group_try_go_at(belay_group *group, belay_job *job, void *arg,
                          const char *where);
#define belay_group_try_go(group, job, arg) \
    belay_group_try_go_at(group, job, arg, BELAY_HERE)

/*
 * In a job: says in words what failed, and returns code.
 *
 *     return belay_group_fail(-ENOENT, "no user %s", name);
 *
 * The last text of a job counts, up to 255 bytes, and only if the job fails.
 * Without one, or memory for it, the text is belay_strerror(code).
 */
BELAY_API BELAY_PRINTF(2, 3)
int belay_group_fail(int code, const char *format, ...);

/*
 * Waits until all jobs are over, those that they start included, then ends the
 * group's context: later jobs are refused.  As often as you like.
 *
 * Returns the first failure in time, or 0.  BELAY_UNTIL_SUCCESS: 0 if any job
 * succeeded, else the first failure; -ENOENT if there was no job.
 *
 * -EDEADLK: from a job of this group, which would wait for itself.
 */
BELAY_API int belay_group_wait(belay_group *group);

/* One job that failed.  Valid until the group is ended. */
struct belay_failure {
    const struct belay_failure *next; /* later in time */
    int code;
    const char *text;  /* never NULL */
    const char *where; /* "file.c:line" of the belay_group_go() */
    void *arg;         /* the job's */
};

/*
 * Returns the first of all failures; NULL: none.  To be asked once
 * belay_group_wait() has returned.  Jobs that were refused are not among them.
 */
BELAY_API
const struct belay_failure *belay_group_failures(const belay_group *group);

/*
 * Cancels what still runs, waits for it, and gives the group back.  NULL is
 * fine.  0, or -EDEADLK from a job of this group: it is canceled, and that is
 * all.
 */
BELAY_API int belay_group_end_at(belay_group *group, const char *where);
#define belay_group_end(group) belay_group_end_at(group, BELAY_HERE)

/*
 * Calls belay_group_end() when the variable goes out of scope (gcc and clang):
 *
 *     BELAY_GROUP_AUTO belay_group *group = belay_group_start(ctx, NULL);
 */
#if defined(__GNUC__)
#define BELAY_GROUP_AUTO __attribute__((cleanup(belay__auto_group_end)))
#endif
BELAY_API void belay__auto_group_end(belay_group **group);

#endif
