/* SPDX-License-Identifier: MIT */
#ifndef WORK_PROCESS_H
#define WORK_PROCESS_H

#include <belay/process.h>

/* What belay_process.state says; 0: it was given back. */
enum { RUNNING = 1, KNOWN, UNKNOWN };

/* --- exit.c -------------------------------------------------------------- */

bool belay__has_exited(const struct belay_process *process);

/* 1: it has exited; 0: patience is over; or belay_err(ctx). */
int belay__await_exit(const belay_ctx *ctx, const struct belay_process *process,
                      belay_duration patience);

/* Of one that has exited: fills in the result and the state. */
void belay__reap(struct belay_process *process);

/* --- start.c: from the plan to a program that runs ----------------------- */

/* All that the child needs, made before it exists: it must not allocate. */
struct plan {
    const char *const *argv;
    char **env;
    const char *path; /* where to look for argv[0] */
    const char *cwd;
    int stdio[3]; /* what is to be its descriptors 0, 1 and 2 */
    int cgroup;   /* the cgroup.procs to enter, or -1 */
    int report;   /* gets the errno of what it cannot do */
    bool is_ignored[3];
    char candidate[8192];
    _Alignas(16) char stack[32768];
};

/* Returns 0, with the process and a descriptor of it, or -1; or -errno. */
int belay__start(struct plan *plan, pid_t *ret_pid, int *ret_fd);

/* --- stdio.c: the descriptors of the child ------------------------------- */

/* Fills plan->stdio and our ends in process: 0 or -errno. */
int belay__open_stdio(const struct belay_command *command, struct plan *plan,
                      struct belay_process *process);

/* Closes what was opened for the child. */
void belay__close_stdio(const struct belay_command *command, struct plan *plan);

/* Closes our ends. */
void belay__close_ends(struct belay_process *process);

/* Keeps fd off the numbers 0 to 2; takes it over; or -errno. */
int belay__lift(int fd);

/* --- environment.c ------------------------------------------------------- */

/*
 * Returns what goes to the child, in one piece of memory: env, the deadline of
 * ctx, and the mark `id`, behind those of the processes we are in ourselves.
 */
char **belay__environment(const belay_ctx *ctx, const char *const *env,
                          const char *id);

/* --- tree.c: the end of all that a process has started ------------------- */

void belay__send(const struct belay_process *process, int number);

/* Kills it and all of its tree, and waits, for some time, until it is gone. */
void belay__kill_tree(const struct belay_process *process);

/* Makes the cgroup of a process: its cgroup.procs, or -errno. */
int belay__make_cgroup(struct belay_process *process, const char *parent);
void belay__remove_cgroup(struct belay_process *process);

/* The child is there still, to be waited for: its number is nobody else's. */
bool belay__is_ours(const struct belay_process *process);

#endif
