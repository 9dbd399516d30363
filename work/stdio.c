/* SPDX-License-Identifier: MIT */

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int belay__lift(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int lifted = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int err = -errno;
    close(fd);
    return lifted < 0 ? err : lifted;
}

static int open_null(int i)
{
    int fd = open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
    return fd < 0 ? -errno : belay__lift(fd);
}

/* The child reads its 0, and writes to the others. */
static int open_pipe(int i, int *ret_ours)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    int ours = belay__lift(ends[i == 0]);
    int theirs = belay__lift(ends[i != 0]);
    if (ours >= 0 && theirs >= 0) {
        *ret_ours = ours;
        return theirs;
    }
    if (ours >= 0)
        close(ours);
    if (theirs >= 0)
        close(theirs);
    return ours < 0 ? ours : theirs;
}

int belay__open_stdio(const struct belay_command *command, struct plan *plan,
                      struct belay_process *process)
{
    const int wanted[] = {command->in, command->out, command->err};
    int *ours[] = {&process->in, &process->out, &process->err};
    for (int i = 0; i < 3; ++i) {
        if (wanted[i] == BELAY_INHERIT)
            plan->stdio[i] = i;
        else if (wanted[i] == BELAY_NULL)
            plan->stdio[i] = open_null(i);
        else if (wanted[i] == BELAY_PIPE)
            plan->stdio[i] = open_pipe(i, ours[i]);
        else
            plan->stdio[i] = wanted[i] < 0 ? -EINVAL : wanted[i];
        if (plan->stdio[i] < 0)
            return plan->stdio[i];
    }
    return 0;
}

void belay__close_stdio(const struct belay_command *command, struct plan *plan)
{
    const int wanted[] = {command->in, command->out, command->err};
    for (int i = 0; i < 3; ++i)
        if (wanted[i] < 0 && plan->stdio[i] >= 0)
            close(plan->stdio[i]);
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void belay__close_ends(struct belay_process *process)
{
    close_end(&process->in);
    close_end(&process->out);
    close_end(&process->err);
}
