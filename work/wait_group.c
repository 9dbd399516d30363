/* SPDX-License-Identifier: MIT */
#include "turn.h"

int belay_wait_group_add(struct belay_wait_group *group, long count)
{
    uint32_t guard = belay__guard_of(group);
    long sum;
    int err = 0;
    belay__lock(guard);
    if (__builtin_add_overflow(group->count, count, &sum))
        err = count > 0 ? -EOVERFLOW : -EINVAL;
    else if (sum < 0)
        err = -EINVAL;
    else
        group->count = sum;
    if (err == 0 && sum == 0)
        belay__queue_serve_all(&group->waiting, guard, 0);
    else
        belay__unlock(guard);
    return err;
}

int belay_wait_group_done(struct belay_wait_group *group)
{
    return belay_wait_group_add(group, -1);
}

int belay_wait_group_wait(const belay_ctx *ctx, struct belay_wait_group *group)
{
    uint32_t guard = belay__guard_of(group);
    int err = belay_err(ctx);
    belay__lock(guard);
    bool is_over = err != 0 || group->count == 0;
    belay__unlock(guard);
    if (is_over)
        return err;

    struct belay__turn turn;
    struct belay_place place = {.turn = &turn};
    err = belay__turn_begin(&turn, belay_with_cancel(ctx));
    if (err != 0)
        return err;
    belay__lock(guard);
    is_over = group->count == 0;
    if (!is_over)
        belay__queue_push(&group->waiting, &place);
    belay__unlock(guard);
    if (is_over)
        belay__turn_end(&turn);
    else if (!belay__queue_await(&group->waiting, guard, &place))
        err = belay_err(ctx);
    return err;
}
