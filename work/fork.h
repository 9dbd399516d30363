/* SPDX-License-Identifier: MIT */
#ifndef WORK_FORK_H
#define WORK_FORK_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * How often this process came out of a fork().  In the child, a mutex from
 * before it may be held for ever, and a queue has waiters in it, by threads
 * that are not there.  So what has one remembers the count that it was made
 * under.
 */
extern atomic_uint belay__work_forks;

static inline unsigned belay__forks_so_far(void)
{
    return atomic_load_explicit(&belay__work_forks, memory_order_relaxed);
}

/* False: they cannot be counted, for want of memory; the next one may. */
bool belay__work_counts_forks(void);

#endif
