/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include <pthread.h>

atomic_uint belay__work_forks;

static void count(void)
{
    atomic_fetch_add_explicit(&belay__work_forks, 1, memory_order_relaxed);
}

/*
 * There being no constructor.  Two threads that begin at once count each fork
 * twice, which does no harm; a lock could be left behind in a child.
 */
bool belay__work_counts_forks(void)
{
    static atomic_bool is_counting;
    if (atomic_load_explicit(&is_counting, memory_order_acquire))
        return true;
    if (pthread_atfork(NULL, NULL, count) != 0)
        return false;
    atomic_store_explicit(&is_counting, true, memory_order_release);
    return true;
}
