/* SPDX-License-Identifier: MIT */
#ifndef WORK_PERSIST_H
#define WORK_PERSIST_H

#include <belay/belay.h>

/* A call that does not wait: -EAGAIN, where it would have to. */
typedef long belay__attempt(const void *call);

/*
 * Attempts a call on fd, waits for poll()'s events, and attempts it again, for
 * as long as it would have to wait.  Returns what the call did, or
 * belay_err(ctx) if ctx has ended before it did anything.
 */
long belay__persist(const belay_ctx *ctx, int fd, short events,
                    belay__attempt *attempt, const void *call);

#endif
