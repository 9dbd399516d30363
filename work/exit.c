/* SPDX-License-Identifier: MIT */

/* Waiting for a process, with a descriptor of it or without. */

#include "process.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const belay_duration LONGEST_NAP = 16 * BELAY_MILLISECOND;

bool belay__has_exited(const struct belay_process *process)
{
    siginfo_t info = {.si_pid = 0};
    struct pollfd exited = {process->fd, POLLIN, 0};
    if (process->fd >= 0)
        return belay_poll(NULL, &exited, 1, 0) == 1;
    int err =
        waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return err != 0 || info.si_pid != 0;
}

/* Without a descriptor of the process there is nothing to wait for. */
static int nap_until_exit(const belay_ctx *ctx,
                          const struct belay_process *process,
                          belay_duration patience)
{
    belay_duration nap = BELAY_MILLISECOND / 4;
    while (!belay__has_exited(process)) {
        if (patience <= 0)
            return 0;
        if (nap > patience)
            nap = patience;
        int err = belay_sleep(ctx, nap);
        if (err != 0)
            return err;
        if (patience != BELAY_FOREVER)
            patience -= nap;
        nap = nap < LONGEST_NAP ? 2 * nap : LONGEST_NAP;
    }
    return 1;
}

int belay__await_exit(const belay_ctx *ctx, const struct belay_process *process,
                      belay_duration patience)
{
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    if (process->fd < 0)
        return nap_until_exit(ctx, process, patience);
    struct pollfd exited = {process->fd, POLLIN, 0};
    return belay_poll(ctx, &exited, 1, patience);
}

static belay_duration duration_of(struct timeval time)
{
    return time.tv_sec * BELAY_SECOND + time.tv_usec * BELAY_MICROSECOND;
}

/* The system's own waitid(), unlike the C library's, says what was used. */
void belay__reap(struct belay_process *process)
{
    struct belay_process_result *result = &process->result;
    siginfo_t info = {.si_pid = 0};
    struct rusage usage = {.ru_maxrss = 0};
    result->exit_code = -1;
    while (syscall(SYS_waitid, P_PID, process->pid, &info, WEXITED, &usage) !=
           0) {
        if (errno != EINTR) {
            process->state = UNKNOWN;
            return;
        }
    }
    process->state = KNOWN;
    result->user = duration_of(usage.ru_utime);
    result->system = duration_of(usage.ru_stime);
    result->has_dumped_core = info.si_code == CLD_DUMPED;
    if (info.si_code == CLD_EXITED)
        result->exit_code = info.si_status;
    else
        result->signal = info.si_status;
}
