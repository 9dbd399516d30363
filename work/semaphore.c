/* SPDX-License-Identifier: MIT */

/*
 * Go's rules (x/sync/semaphore), but for one: who was granted tokens and finds
 * its context ended meanwhile has them, where Go gives them back.  So what is
 * returned does not depend on how late a thread is scheduled.
 */

#include "turn.h"

struct waiting {
    struct belay_place place; /* first: the queue knows it by this */
    long count;
};

static bool is_absurd(const struct belay_semaphore *semaphore, long count)
{
    return count < 0 || count > semaphore->size;
}

/* Under the guard. */
static bool are_free(const struct belay_semaphore *semaphore, long count)
{
    return count <= semaphore->size - semaphore->held;
}

/* Under the guard: nobody passes those who wait. */
static bool take(struct belay_semaphore *semaphore, long count)
{
    if (belay__queue_first(&semaphore->waiting) != NULL ||
        !are_free(semaphore, count))
        return false;
    semaphore->held += count;
    return true;
}

/* Under the guard: the one that waits first, if there are tokens for it. */
static struct waiting *next_in_line(struct belay_semaphore *semaphore)
{
    struct waiting *first =
        (struct waiting *)belay__queue_first(&semaphore->waiting);
    return first != NULL && are_free(semaphore, first->count) ? first : NULL;
}

/*
 * Called under the guard, and leaves it: grants all that can be granted.  The
 * semaphore may be gone as soon as the last of them goes on.
 */
static void grant(struct belay_semaphore *semaphore, uint32_t guard)
{
    for (;;) {
        struct waiting *next = next_in_line(semaphore);
        belay_ctx *called = NULL;
        if (next != NULL) {
            semaphore->held += next->count;
            belay__queue_serve(&semaphore->waiting, 0, &called);
        }
        bool is_last = next_in_line(semaphore) == NULL;
        belay__unlock(guard);
        belay_end(called);
        if (is_last)
            return;
        belay__lock(guard);
    }
}

static int wait_for(const belay_ctx *ctx, struct belay_semaphore *semaphore,
                    long count)
{
    uint32_t guard = belay__guard_of(semaphore);
    struct belay__turn turn;
    struct waiting me = {.place.turn = &turn, .count = count};
    int err = belay__turn_begin(&turn, belay_with_cancel(ctx));
    if (err != 0)
        return err;
    belay__lock(guard);
    bool is_ours = take(semaphore, count);
    if (!is_ours)
        belay__queue_push(&semaphore->waiting, &me.place);
    belay__unlock(guard);
    if (is_ours) {
        belay__turn_end(&turn);
        return 0;
    }

    if (belay__queue_await(&semaphore->waiting, guard, &me.place))
        return 0;
    /* It may have been what stood between others and their tokens. */
    belay__lock(guard);
    grant(semaphore, guard);
    return belay_err(ctx);
}

int belay_semaphore_acquire(const belay_ctx *ctx,
                            struct belay_semaphore *semaphore, long count)
{
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    err = belay_semaphore_try_acquire(semaphore, count);
    return err == -EAGAIN ? wait_for(ctx, semaphore, count) : err;
}

int belay_semaphore_try_acquire(struct belay_semaphore *semaphore, long count)
{
    if (is_absurd(semaphore, count))
        return -EINVAL;
    uint32_t guard = belay__guard_of(semaphore);
    belay__lock(guard);
    bool is_ours = take(semaphore, count);
    belay__unlock(guard);
    return is_ours ? 0 : -EAGAIN;
}

int belay_semaphore_release(struct belay_semaphore *semaphore, long count)
{
    uint32_t guard = belay__guard_of(semaphore);
    belay__lock(guard);
    if (count < 0 || count > semaphore->held) {
        belay__unlock(guard);
        return -EINVAL;
    }
    semaphore->held -= count;
    grant(semaphore, guard);
    return 0;
}
