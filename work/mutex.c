/* SPDX-License-Identifier: MIT */

/*
 * Its word says whether it is locked, and whether whoever unlocks it has to
 * call the one that waits first; it is one atomic operation to lock, and one to
 * unlock, where nobody waits.
 *
 * Who is called stays in the queue until it has the mutex or gives up, and is
 * not called a second time: whoever waits is either called for by the word, or
 * another is on its way, which will say so in the word unless it finds the
 * mutex free.  So no unlocking is missed.
 */

#include "turn.h"

enum { LOCKED = 1, CALLS = 2 }; /* in state: 0, LOCKED or LOCKED | CALLS */

/* After such a wait a thread is handed the mutex, as in Go. */
#define PATIENCE BELAY_MILLISECOND

struct waiting {
    struct belay_place place; /* first: the queue knows it by this */
    struct belay__turn turn;
    belay_time since;
    bool is_owed; /* to be handed it by whoever unlocks */
    bool has_it;  /* and is not in the queue any more */
};

static atomic_int *state_of(struct belay_mutex *mutex)
{
    return (atomic_int *)&mutex->state;
}

int belay_mutex_try_lock(struct belay_mutex *mutex)
{
    int free = 0;
    bool is_ours = atomic_compare_exchange_strong_explicit(
        state_of(mutex), &free, LOCKED, memory_order_acquire,
        memory_order_relaxed);
    return is_ours ? 0 : -EAGAIN;
}

/* Under the guard: takes mutex if it is free, else it says that one waits. */
static bool take(struct belay_mutex *mutex, struct waiting *me)
{
    if (me->has_it)
        return true;
    int state = 0;
    while (!atomic_compare_exchange_weak_explicit(
        state_of(mutex), &state, state == 0 ? LOCKED : LOCKED | CALLS,
        memory_order_acquire, memory_order_relaxed))
        continue;
    if (state != 0)
        return false;

    me->has_it = true;
    belay__queue_remove(&mutex->waiting, &me->place);
    if (belay__queue_first(&mutex->waiting) != NULL)
        atomic_fetch_or_explicit(state_of(mutex), CALLS, memory_order_relaxed);
    return true;
}

/* Returns 0 when called, or why there is no waiting. */
static int await_call(const belay_ctx *ctx, struct belay_mutex *mutex,
                      struct waiting *me)
{
    uint32_t guard = belay__guard_of(mutex);
    int err = belay__turn_begin(&me->turn, belay_with_cancel(ctx));
    if (err != 0)
        return err;

    bool is_owed = belay_now() - me->since >= PATIENCE;
    belay__lock(guard);
    me->is_owed = is_owed;
    bool is_ours = take(mutex, me);
    belay__unlock(guard);
    if (!is_ours)
        belay_wait(me->turn.ctx);
    belay__turn_end(&me->turn);
    return 0;
}

static int lock_slowly(const belay_ctx *ctx, struct belay_mutex *mutex)
{
    uint32_t guard = belay__guard_of(mutex);
    struct waiting me = {.since = belay_now()};
    me.place.turn = &me.turn;
    belay__lock(guard);
    belay__queue_push(&mutex->waiting, &me.place);
    belay__unlock(guard);

    for (int err = 0;; err = await_call(ctx, mutex, &me)) {
        belay__lock(guard);
        bool is_ours = take(mutex, &me);
        if (!is_ours && err != 0)
            belay__queue_remove(&mutex->waiting, &me.place);
        belay__unlock(guard);
        if (is_ours || err != 0)
            return is_ours ? 0 : err;
    }
}

int belay_mutex_lock(const belay_ctx *ctx, struct belay_mutex *mutex)
{
    int err = belay_err(ctx);
    if (err != 0 || belay_mutex_try_lock(mutex) == 0)
        return err;
    return lock_slowly(ctx, mutex);
}

void belay__mutex_relock(struct belay_mutex *mutex)
{
    /* Without memory there is no turn: then it comes back to look. */
    while (belay_mutex_lock(NULL, mutex) != 0)
        belay_sleep(NULL, BELAY_MILLISECOND);
}

/* After it, mutex belongs to another, and may be gone. */
static void unlock_slowly(struct belay_mutex *mutex)
{
    uint32_t guard = belay__guard_of(mutex);
    belay_ctx *called = NULL;
    int state = 0;
    belay__lock(guard);
    struct waiting *first =
        (struct waiting *)belay__queue_first(&mutex->waiting);
    if (first != NULL)
        called = belay__turn_claim(&first->turn);
    if (first != NULL && first->is_owed) {
        first->has_it = true;
        belay__queue_remove(&mutex->waiting, &first->place);
        bool is_last = belay__queue_first(&mutex->waiting) == NULL;
        state = is_last ? LOCKED : LOCKED | CALLS;
    }
    atomic_store_explicit(state_of(mutex), state, memory_order_release);
    belay__unlock(guard);
    belay_end(called);
}

int belay_mutex_unlock(struct belay_mutex *mutex)
{
    int state = LOCKED;
    if (atomic_compare_exchange_strong_explicit(state_of(mutex), &state, 0,
                                                memory_order_release,
                                                memory_order_relaxed))
        return 0;
    if (state == 0)
        return -EPERM;
    unlock_slowly(mutex);
    return 0;
}
