/* SPDX-License-Identifier: MIT */
#include "persist.h"

/*
 * Some files are ready for poll(), and a call would have to wait all the same:
 * a socket with something in its error queue, one that sends to another's full
 * queue, any file of which other threads are faster.  After a few such alarms
 * they are asked a thousand times a second, and not in a busy loop.
 */
enum { ALARMS_BELIEVED = 8 };

/* Returns 0 once it may be worth another attempt. */
static int wait_for(const belay_ctx *ctx, int fd, short events, int alarms)
{
    int err = belay_err(ctx);
    if (err == 0 && alarms > ALARMS_BELIEVED)
        err = belay_sleep(ctx, BELAY_MILLISECOND);
    if (err != 0)
        return err;
    struct pollfd asked = {fd, events, 0};
    int ready = belay_poll(ctx, &asked, 1, -1);
    return ready < 0 ? ready : 0;
}

long belay__persist(const belay_ctx *ctx, int fd, short events,
                    belay__attempt *attempt, const void *call)
{
    int err = belay_err(ctx);
    for (int alarms = 0; err == 0; ++alarms) {
        long result = attempt(call);
        if (result == -EAGAIN)
            err = wait_for(ctx, fd, events, alarms);
        else if (result == -EINTR)
            err = belay_err(ctx);
        else
            return result;
    }
    return err;
}
