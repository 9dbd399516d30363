/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <belay/process.h>

#include <stdio.h>

/* Its clock can be read as long as it runs; afterwards its bill counts. */
static int run(const belay_ctx *ctx, struct lane *lane,
               struct belay_process *process)
{
    clockid_t clock;
    bool has_clock = clock_getcpuclockid(process->pid, &clock) == 0;
    part_begin(lane, CHILD, has_clock ? clock : CLOCK_MONOTONIC,
               belay_remaining(ctx));
    struct belay_process_result result;
    int err = belay_process_wait(ctx, process, &result);
    belay_process_end(process);
    if (err == 0 && result.was_stopped)
        err = belay_err(ctx);
    else if (err == 0 && result.exit_code != 0)
        err = -EREMOTEIO;
    part_stop(lane, CHILD, err, result.user + result.system);
    return err;
}

int part_of_child(const belay_ctx *ctx, void *arg)
{
    struct job *job = arg;
    char work[16];
    snprintf(work, sizeof work, "%d", job->lane->wish.work_ms);
    const char *const argv[] = {"/proc/self/exe", "--convert", work, NULL};
    struct belay_command command = {.argv = argv};
    struct belay_process process;
    int err = belay_process_spawn(ctx, &process, &command);
    if (err == 0)
        return run(ctx, job->lane, &process);
    part_give_up(job->lane, CHILD, err);
    return err;
}
