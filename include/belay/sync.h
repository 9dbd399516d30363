/* SPDX-License-Identifier: MIT */
#ifndef BELAY_SYNC_H
#define BELAY_SYNC_H

/*
 * Locks whose waits end with a context.
 *
 *     static struct belay_mutex door = BELAY_MUTEX_INIT;
 *
 *     int err = belay_mutex_lock(ctx, &door);
 *     if (err != 0)
 *         return err;
 *     ...
 *     belay_mutex_unlock(&door);
 *
 * Each is yours to place, in static memory too, and needs no giving back; all
 * zeros are a good start for each but the semaphore.  It must not move, and
 * its memory must not go while a thread waits for it.  Unlike a pthread's,
 * each may be used by any thread: one may unlock what another locked.
 *
 * What waits takes a context.  It returns 0, belay_err(ctx) as soon as ctx has
 * ended, or -ENOMEM: what has to wait needs memory for one context, and what
 * need not wait needs none.  An ended context is refused also where there is
 * nothing to wait for.  Where the thing came first and the end second, the
 * thing counts: 0 is returned, and the next call reports the end.
 *
 * Waiting is as belay_wait(): signals and pthread_cancel() do not end it.  What
 * wakes a waiter is done before the waiter goes on, and visible to it.
 *
 * In the child of a fork() nobody waits any more; what was held, is held.
 */

#include <belay/belay.h>

/* The threads that wait for something, and one's place among them: the
 * library's to fill in. */
struct belay_queue {
    struct belay_place *first;
    unsigned process;
    unsigned round;
};

struct belay_place {
    struct belay_place *next; /* NULL: it is in none */
    struct belay_place *prev;
    struct belay__turn *turn;
    void *element;
    int result;
    unsigned round;
};

#define BELAY__NO_QUEUE {NULL, 0, 0}

/* --- Mutex -------------------------------------------------------------- */

/*
 * As Go's: whoever comes while it is free takes it, also before those who
 * wait, for a thread that runs is quicker than one that has to wake up.  A
 * thread that has waited for a millisecond is owed it: it is then handed the
 * mutex, in the order of coming.
 *
 * Not recursive: a thread that locks it twice waits until its context ends.
 */
struct belay_mutex {
    int state;
    struct belay_queue waiting;
};

#define BELAY_MUTEX_INIT {0, BELAY__NO_QUEUE}

/* Locks mutex, if need be after waiting for it. */
BELAY_API BELAY_NONNULL(2) BELAY_MUST_USE
int belay_mutex_lock(const belay_ctx *ctx, struct belay_mutex *mutex);

/* Locks mutex if it is free; -EAGAIN: it is not. */
BELAY_API BELAY_NONNULL(1) BELAY_MUST_USE
int belay_mutex_try_lock(struct belay_mutex *mutex);

/* Returns 0, or -EPERM: it was not locked. */
BELAY_API BELAY_NONNULL(1) int belay_mutex_unlock(struct belay_mutex *mutex);

/* --- Condition ---------------------------------------------------------- */

struct belay_cond {
    struct belay_queue waiting;
};

#define BELAY_COND_INIT {BELAY__NO_QUEUE}

/*
 * Unlocks mutex, waits to be signaled, and locks mutex again.
 *
 *     while (is_empty(queue) && err == 0)
 *         err = belay_cond_wait(ctx, &queue->filled, &queue->mutex);
 *
 * The mutex is held whatever is returned, hence the wait may be over later
 * than ctx: for the mutex itself it waits without an end.  As with pthreads,
 * another thread may have been quicker to the mutex, so ask again for what you
 * wait for.  A signal that came before the end is not lost: 0 is returned.
 *
 * -EPERM: mutex was not locked, nor is it now.  All that wait for a condition
 * at one time use the same mutex.
 */
BELAY_API BELAY_NONNULL(2, 3) BELAY_MUST_USE
int belay_cond_wait(const belay_ctx *ctx, struct belay_cond *cond,
                    struct belay_mutex *mutex);

/* Lets the thread go on that has waited longest, if any waits. */
BELAY_API BELAY_NONNULL(1) void belay_cond_signal(struct belay_cond *cond);

/* Lets all go on that wait now. */
BELAY_API BELAY_NONNULL(1) void belay_cond_broadcast(struct belay_cond *cond);

/* --- Semaphore ---------------------------------------------------------- */

/*
 * So and so many tokens, of which each takes as many as it needs.
 *
 * Strictly in the order of coming: nobody passes one that waits for many, so
 * that it is not starved by those that want few.
 */
struct belay_semaphore {
    long size;
    long held;
    struct belay_queue waiting;
};

#define BELAY_SEMAPHORE_INIT(size) {size, 0, BELAY__NO_QUEUE}

/*
 * Takes count tokens, if need be after waiting for them.
 *
 * -EINVAL: count is negative or more than there will ever be.
 */
BELAY_API BELAY_NONNULL(2) BELAY_MUST_USE
int belay_semaphore_acquire(const belay_ctx *ctx,
                            struct belay_semaphore *semaphore, long count);

/* Takes them if they are there and nobody waits; -EAGAIN: not so. */
BELAY_API BELAY_NONNULL(1) BELAY_MUST_USE
int belay_semaphore_try_acquire(struct belay_semaphore *semaphore, long count);

/* Gives count tokens back.  -EINVAL: so many are not held; nothing is done. */
BELAY_API BELAY_NONNULL(1)
int belay_semaphore_release(struct belay_semaphore *semaphore, long count);

/* --- Wait group --------------------------------------------------------- */

/* A count of what is still to be done. */
struct belay_wait_group {
    long count;
    struct belay_queue waiting;
};

#define BELAY_WAIT_GROUP_INIT {0, BELAY__NO_QUEUE}

/*
 * Adds to the count; what takes it to 0 lets all go on that wait now.
 *
 * Add before the work is started, so that no wait comes between.  -EINVAL: the
 * count would be negative; -EOVERFLOW: too large; then it is as it was.
 */
BELAY_API BELAY_NONNULL(1)
int belay_wait_group_add(struct belay_wait_group *group, long count);

/* As belay_wait_group_add(group, -1). */
BELAY_API BELAY_NONNULL(1)
int belay_wait_group_done(struct belay_wait_group *group);

/*
 * Waits until the count is 0.  When that is returned, the group may go: the
 * last belay_wait_group_done() does not touch it any more.
 */
BELAY_API BELAY_NONNULL(2) BELAY_MUST_USE
int belay_wait_group_wait(const belay_ctx *ctx, struct belay_wait_group *group);

#endif
