/* SPDX-License-Identifier: MIT */

/*
 * Who does what: an after-function stops the process, when its context ends,
 * on a thread of the library, also if nobody is waiting.  Whoever waits sees
 * the exit, has the after-function come to its end, and reaps last of all: up
 * to then the number of the process, and of its group, is nobody else's.
 */

#include "process.h"
#include "quiet.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const belay_duration USUAL_GRACE = 2 * BELAY_SECOND;

/* On a thread of the library, when the context has ended. */
static void stop(void *arg)
{
    struct belay_process *process = arg;
    process->result.was_stopped = !belay__has_exited(process);
    belay__send(process, process->stop_signal);
    belay__send(process, SIGCONT); /* a stopped one hears nothing */
    belay__await_exit(NULL, process, process->grace);
    belay__kill_tree(process);
}

/* --- Starting ------------------------------------------------------------ */

static int check(const struct belay_command *command)
{
    bool is_fine = command->argv != NULL && command->argv[0] != NULL &&
                   command->grace >= 0 && command->stop_signal >= 0 &&
                   command->stop_signal < NSIG;
    return is_fine ? 0 : -EINVAL;
}

static void make(struct belay_process *process, const belay_ctx *ctx,
                 const struct belay_command *command)
{
    static atomic_uint count;
    *process = (struct belay_process){
        .in = -1,
        .out = -1,
        .err = -1,
        .fd = -1,
        .ctx = ctx,
        .owner = getpid(),
        .stop_signal = command->stop_signal ? command->stop_signal : SIGTERM,
        .grace = command->grace != 0 ? command->grace : USUAL_GRACE,
    };
    snprintf(process->id, sizeof process->id, "belay-%x-%llx-%x-",
             (unsigned)process->owner, (unsigned long long)belay_now(),
             atomic_fetch_add(&count, 1));
}

static int carry_out(struct plan *plan, struct belay_process *process,
                     const struct belay_command *command)
{
    int err = belay__open_stdio(command, plan, process);
    if (err == 0 && command->cgroup != NULL)
        err = plan->cgroup = belay__make_cgroup(process, command->cgroup);
    if (err >= 0)
        err = belay__start(plan, &process->pid, &process->fd);
    if (plan->cgroup >= 0)
        close(plan->cgroup);
    belay__close_stdio(command, plan);
    if (err != 0) {
        belay__close_ends(process);
        belay__remove_cgroup(process);
    }
    return err;
}

static int start(struct belay_process *process, const belay_ctx *ctx,
                 const struct belay_command *command)
{
    const char *path = getenv("PATH");
    struct plan *plan = malloc(sizeof *plan);
    char **env = belay__environment(ctx, command->env, process->id);
    int err = -ENOMEM;
    if (plan != NULL && env != NULL) {
        plan->argv = command->argv;
        plan->env = env;
        plan->path = path != NULL ? path : "/bin:/usr/bin";
        plan->cwd = command->cwd;
        plan->cgroup = -1;
        for (int i = 0; i < 3; ++i)
            plan->stdio[i] = -1;
        err = carry_out(plan, process, command);
    }
    free(env);
    free(plan);
    return err;
}

static int spawn(const belay_ctx *ctx, struct belay_process *process,
                 const struct belay_command *command)
{
    int err = belay_err(ctx);
    if (err == 0)
        err = check(command);
    if (err != 0)
        return err;
    make(process, ctx, command);
    err = start(process, ctx, command);
    if (err != 0)
        return err;
    process->state = RUNNING;
    belay_ref(ctx);
    process->after = belay_after_func(ctx, stop, process);
    if (process->after == NULL) {
        belay_process_end(process);
        return -ENOMEM;
    }
    return 0;
}

int belay_process_spawn(const belay_ctx *ctx, struct belay_process *process,
                        const struct belay_command *command)
{
    struct quiet quiet = be_quiet();
    int err = spawn(ctx, process, command);
    be_loud(quiet);
    return err;
}

/* --- Waiting ------------------------------------------------------------- */

/* It has exited, and nobody is stopping it any more. */
static void collect(struct belay_process *process)
{
    belay_after_join(process->after);
    process->after = NULL;
    belay__reap(process);
    belay__remove_cgroup(process);
}

int belay_process_wait(const belay_ctx *ctx, struct belay_process *process,
                       struct belay_process_result *ret_result)
{
    struct quiet quiet = be_quiet();
    int err = 0;
    if (process->state == RUNNING) {
        err = belay__await_exit(ctx, process, BELAY_FOREVER);
        if (err < 0 && belay_err(process->ctx) != 0)
            err = belay__await_exit(NULL, process, BELAY_FOREVER);
        if (err >= 0)
            collect(process);
    }
    if (process->state != RUNNING) {
        *ret_result = process->result;
        err = process->state == UNKNOWN ? -ECHILD : 0;
    }
    be_loud(quiet);
    return err;
}

/* --- Giving back --------------------------------------------------------- */

static void give_up(struct belay_process *process)
{
    if (process->owner != getpid()) { /* the parent's, beyond a fork() */
        belay_after_stop(process->after);
        return;
    }
    if (!belay__has_exited(process)) {
        belay__kill_tree(process);
        belay__await_exit(NULL, process, BELAY_FOREVER);
    }
    collect(process);
}

void belay_process_end(struct belay_process *process)
{
    struct quiet quiet = be_quiet();
    if (process->state == RUNNING)
        give_up(process);
    process->state = 0;
    belay__close_ends(process);
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
    free(process->cgroup);
    process->cgroup = NULL;
    belay_unref(process->ctx);
    be_loud(quiet);
}

int belay_process_run(const belay_ctx *ctx, const struct belay_command *command,
                      struct belay_process_result *ret_result)
{
    struct belay_process process;
    *ret_result = (struct belay_process_result){.exit_code = 0};
    if (command->in == BELAY_PIPE || command->out == BELAY_PIPE ||
        command->err == BELAY_PIPE)
        return -EINVAL;
    int err = belay_process_spawn(ctx, &process, command);
    if (err != 0)
        return err;
    err = belay_process_wait(ctx, &process, ret_result);
    belay_process_end(&process);
    return err == 0 && ret_result->was_stopped ? belay_err(ctx) : err;
}
