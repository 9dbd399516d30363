/* SPDX-License-Identifier: MIT */

/* Reading what a process writes, and giving up what it did not write. */

#include "process.h"
#include "quiet.h"

#include <unistd.h>

static const belay_duration LONGEST_NAP = 16 * BELAY_MILLISECOND;

/* -EAGAIN: look again. */
static ssize_t read_some(const belay_ctx *ctx, struct belay_process *process,
                         int fd, void *buffer, size_t size)
{
    struct pollfd fds[] = {{fd, POLLIN, 0}, {process->fd, POLLIN, 0}};
    bool has_to_end = process->cut != 0;
    belay_duration patience = process->fd >= 0 ? -1 : LONGEST_NAP;
    if (has_to_end) {
        patience = process->cut - belay_now();
        patience = patience > 0 ? patience : 0;
        fds[1].fd = -1;
    }

    int ready = belay_poll(ctx, fds, 2, patience);
    if (ready < 0)
        return ready;
    if (fds[0].revents != 0) {
        ssize_t count = read(fd, buffer, size);
        return count < 0 ? -errno : count;
    }
    if (has_to_end) {
        process->result.was_cut = true;
        return 0;
    }
    if (belay__has_exited(process)) {
        belay_time now = belay_now();
        process->cut = process->grace < BELAY_FOREVER - now
                           ? now + process->grace
                           : BELAY_FOREVER;
    }
    return -EAGAIN;
}

ssize_t belay_process_read(const belay_ctx *ctx, struct belay_process *process,
                           int fd, void *buffer, size_t size)
{
    if (fd < 0)
        return -EBADF;
    struct quiet quiet = be_quiet();
    ssize_t count;
    do
        count = read_some(ctx, process, fd, buffer, size);
    while (count == -EAGAIN || count == -EINTR);
    be_loud(quiet);
    return count;
}
