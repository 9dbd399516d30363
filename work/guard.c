/* SPDX-License-Identifier: MIT */

/* The guards, and what becomes of them in a fork(). */

#include "turn.h"

#include "fork.h"

#include <pthread.h>

enum { GUARDS = 32 };

#define TWICE(x) x, x
#define GUARD \
    { \
        PTHREAD_MUTEX_INITIALIZER \
    }

/* Each in a cache line of its own. */
static struct guard {
    _Alignas(64) pthread_mutex_t mutex;
} guards[GUARDS] = {TWICE(TWICE(TWICE(TWICE(TWICE(GUARD)))))};

uint32_t belay__guard_of(const void *object)
{
    /* Fibonacci hashing: what lies side by side falls far apart. */
    uint32_t address = (uint32_t)((uintptr_t)object >> 4);
    return UINT32_C(1) << (address * UINT32_C(0x9E3779B9) >> 27);
}

static void lock_set(uint32_t set)
{
    for (; set != 0; set &= set - 1)
        pthread_mutex_lock(&guards[__builtin_ctz(set)].mutex);
}

void belay__unlock(uint32_t set)
{
    for (; set != 0; set &= set - 1)
        pthread_mutex_unlock(&guards[__builtin_ctz(set)].mutex);
}

/* --- fork(): no thread is in the middle of anything --------------------- */

static void before_fork(void)
{
    lock_set(UINT32_MAX);
}

static void unlock_all(void)
{
    belay__unlock(UINT32_MAX);
}

/* There being no constructor.  If there is no memory, the next one tries. */
static void watch_forks(atomic_int *watched)
{
    int no = 0;
    if (atomic_compare_exchange_strong(watched, &no, 1) &&
        (!belay__work_counts_forks() ||
         pthread_atfork(before_fork, unlock_all, unlock_all) != 0))
        atomic_store(watched, 0);
}

void belay__lock(uint32_t set)
{
    static atomic_int watched;
    if (atomic_load_explicit(&watched, memory_order_relaxed) == 0)
        watch_forks(&watched);
    lock_set(set);
}
