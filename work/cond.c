/* SPDX-License-Identifier: MIT */
#include "turn.h"

int belay_cond_wait(const belay_ctx *ctx, struct belay_cond *cond,
                    struct belay_mutex *mutex)
{
    uint32_t guard = belay__guard_of(cond);
    struct belay__turn turn;
    struct belay_place place = {.turn = &turn};
    int err = belay__turn_begin(&turn, belay_with_cancel(ctx));
    if (err != 0)
        return err;
    belay__lock(guard);
    belay__queue_push(&cond->waiting, &place);
    belay__unlock(guard);

    /* In the queue first: a signal from here on is not missed. */
    err = belay_mutex_unlock(mutex);
    if (err != 0)
        belay_cancel(turn.claim);
    bool is_signaled = belay__queue_await(&cond->waiting, guard, &place);
    if (err != 0)
        return err;
    belay__mutex_relock(mutex);
    return is_signaled ? 0 : belay_err(ctx);
}

void belay_cond_signal(struct belay_cond *cond)
{
    uint32_t guard = belay__guard_of(cond);
    belay_ctx *called;
    belay__lock(guard);
    belay__queue_serve(&cond->waiting, 0, &called);
    belay__unlock(guard);
    belay_end(called);
}

void belay_cond_broadcast(struct belay_cond *cond)
{
    uint32_t guard = belay__guard_of(cond);
    belay__lock(guard);
    belay__queue_serve_all(&cond->waiting, guard, 0);
}
