/* SPDX-License-Identifier: MIT */

/* The families, their locks, and what becomes of them in a fork(). */

#include "internal.h"

struct family belay__families[FAMILIES];
atomic_uchar belay__forks;

bool belay__lock_slowly(atomic_uint *locked)
{
    for (unsigned round = 0;; ++round) {
        OS(relax)(round);
        unsigned free = 0;
        if (atomic_load_explicit(locked, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(
                locked, &free, 1, memory_order_acquire, memory_order_relaxed))
            return true;
    }
}

/* --- fork() ------------------------------------------------------------- */

/* Holding every lock, no thread is within the core, except in a callback. */
static void before_fork(void)
{
    lock(&belay__after_lock);
    for (unsigned i = 0; i < FAMILIES; ++i)
        lock(&belay__families[i].locked);
}

static void unlock_all(void)
{
    for (unsigned i = FAMILIES; i-- > 0;)
        unlock(&belay__families[i].locked);
    unlock(&belay__after_lock);
}

static void in_child(void)
{
    atomic_fetch_add_explicit(&belay__forks, 1, memory_order_relaxed);
    belay__forget_tellers();
    belay__after_forked();
    unlock_all();
    belay__clock_forked();
}

/*
 * Registered with the first tree, there being no constructor.  If there is no
 * memory for it, the next tree tries again.
 */
static void watch_forks(void)
{
    static atomic_int registered;
    int no = 0;
    if (!atomic_compare_exchange_strong(&registered, &no, 1))
        return;
    if (pthread_atfork(before_fork, unlock_all, in_child) != 0)
        atomic_store(&registered, 0);
}

/* --- Choosing a family -------------------------------------------------- */

/*
 * A tree is of the processor that makes it, whose lock is in that processor's
 * cache; in turn one of four, so that trees made in one place and used in many
 * do not all share one lock.
 */
unsigned belay__tree_family(void)
{
    enum { PER_CPU = 4 };
    static THREAD_LOCAL unsigned turn;
    if (turn++ % PER_CPU == 0)
        watch_forks();
    return (OS(cpu)() * PER_CPU + turn % PER_CPU) % TREES;
}

__attribute__((destructor)) static void close_library(void)
{
    belay__clock_close();
    belay__after_close();
}
