/* SPDX-License-Identifier: MIT */
#include "../check.h"

#include "failing.h"

static struct {
    struct belay__seams real;
    struct plan {
        atomic_int count;
        atomic_int first, last, err;
    } plans[FAILING_CALLS];
    atomic_int live;
} fake;

/* Returns 0, or the error that this call is to fail with. */
static int next(enum failing call)
{
    struct plan *plan = &fake.plans[call];
    int number = atomic_fetch_add(&plan->count, 1);
    bool fails = number >= plan->first && number <= plan->last;
    return fails ? plan->err : 0;
}

static void *allocate(size_t size)
{
    if (next(ALLOCATE) != 0)
        return NULL;
    void *memory = fake.real.allocate(size);
    atomic_fetch_add(&fake.live, memory != NULL);
    return memory;
}

static void release(void *memory)
{
    atomic_fetch_sub(&fake.live, memory != NULL);
    fake.real.release(memory);
}

static int thread(pthread_t *ret_thread, const struct os_role *role)
{
    int err = next(THREAD);
    return err != 0 ? err : fake.real.thread(ret_thread, role);
}

static int event(void)
{
    int err = next(EVENT);
    int fd = err != 0 ? err : fake.real.event();
    atomic_fetch_add(&fake.live, fd >= 0);
    return fd;
}

static int timer(void)
{
    int err = next(TIMER);
    int fd = err != 0 ? err : fake.real.timer();
    atomic_fetch_add(&fake.live, fd >= 0);
    return fd;
}

static void close_fd(int fd)
{
    atomic_fetch_sub(&fake.live, 1);
    fake.real.close(fd);
}

static int replace(int from, int fd)
{
    int err = next(REPLACE);
    if (err == 0) {
        atomic_fetch_sub(&fake.live, 1);
        return fake.real.replace(from, fd);
    }
    close_fd(from);
    return err;
}

void failing_install(void)
{
    failing_never();
    fake.real = belay__seams;
    belay__seams.allocate = allocate;
    belay__seams.release = release;
    belay__seams.thread = thread;
    belay__seams.event = event;
    belay__seams.timer = timer;
    belay__seams.close = close_fd;
    belay__seams.replace = replace;
}

void failing_between(enum failing call, int first, int last, int err)
{
    failing_never();
    struct plan *plan = &fake.plans[call];
    plan->err = err;
    plan->last = last;
    plan->first = first;
}

void failing_never(void)
{
    for (int i = 0; i < FAILING_CALLS; ++i) {
        fake.plans[i].last = -1;
        fake.plans[i].count = 0;
    }
}

int failing_count(enum failing call)
{
    return fake.plans[call].count;
}

int failing_live(void)
{
    return atomic_load(&fake.live);
}
