/* SPDX-License-Identifier: MIT */

/*
 * Bells: descriptors by which a thread that is blocked in poll() is woken.
 *
 * There is one for each thread that is so blocked, not one for each context
 * that anybody waits for.  A bell rings once: one that has rung is closed, and
 * those that have not are kept for the next.
 */

#include "internal.h"

enum { KEPT_BELLS = 64 };

static struct {
    int count;
    int fds[KEPT_BELLS];
} bells; /* under belay__bells_locked */

atomic_uint belay__bells_locked;

int belay__take_bell(void)
{
    lock(&belay__bells_locked);
    int fd = bells.count > 0 ? bells.fds[--bells.count] : -1;
    unlock(&belay__bells_locked);
    return fd >= 0 ? fd : OS(event)();
}

void belay__put_bell(int fd)
{
    lock(&belay__bells_locked);
    bool is_kept = bells.count < KEPT_BELLS;
    if (is_kept)
        bells.fds[bells.count++] = fd;
    unlock(&belay__bells_locked);
    if (!is_kept)
        OS(close)(fd);
}

void belay__close_bells(void)
{
    while (bells.count > 0)
        OS(close)(bells.fds[--bells.count]);
}
