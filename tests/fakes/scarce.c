/* SPDX-License-Identifier: MIT */
#include "../check.h"

#include "scarce.h"

#include <errno.h>

/* The linker's --wrap sends their callers here. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg);

static struct plan {
    atomic_int count;
    atomic_int first, last;
} memory = {.last = -1}, threads = {.last = -1};

static void set(struct plan *plan, int first, int last)
{
    atomic_store(&plan->first, first);
    atomic_store(&plan->last, last);
    atomic_store(&plan->count, 0);
}

static bool fails(struct plan *plan)
{
    int number = atomic_fetch_add(&plan->count, 1);
    return number >= plan->first && number <= plan->last;
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (!fails(&memory))
        return __real_calloc(count, size);
    errno = ENOMEM;
    return NULL;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *arg)
{
    return fails(&threads)
               ? EAGAIN
               : __real_pthread_create(thread, attributes, run, arg);
}

void scarce_memory(int first, int last)
{
    set(&memory, first, last);
}

void scarce_threads(int first, int last)
{
    set(&threads, first, last);
}

void scarce_nothing(void)
{
    set(&memory, 0, -1);
    set(&threads, 0, -1);
}
