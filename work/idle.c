/* SPDX-License-Identifier: MIT */

/*
 * Progress is one store, and moves no deadline: when the deadline passes, it is
 * set anew for as long as the progress made since then allows.
 */

#include <belay/idle.h>

#include "carry.h"
#include "fork.h"
#include "memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct idle {
    belay_ctx *inner;
    struct idle *outer; /* of a parent, which inner keeps alive; or NULL */
    belay_duration limit;
    const char *where;
    _Atomic belay_time last; /* progress */
    unsigned forks;          /* that there had been */

    pthread_mutex_t mutex; /* guards the rest: arm() and destroy() */
    belay_ctx *timer;      /* ends when a limit has passed */
    struct belay_watch watch;
    bool is_over; /* it will not be armed again */
};

static void look(void *arg, int err);

/* Under the mutex.  0, or why the limit is not in force: it has passed. */
static int arm(struct idle *idle)
{
    belay_time last;
    do {
        last = atomic_load_explicit(&idle->last, memory_order_relaxed);
        belay_end_at(idle->timer, idle->where);
        idle->timer = belay_with_deadline_at(
            NULL, belay__later(last, idle->limit), idle->where);
        if (belay_watch(idle->timer, &idle->watch, look, idle))
            return 0;
    } while (atomic_load_explicit(&idle->last, memory_order_relaxed) != last);
    return belay_err(idle->timer);
}

static void end_stalled(belay_ctx *inner, const char *where, int err)
{
    const char *text =
        err == BELAY_DEADLINE_EXCEEDED ? "no progress" : belay_strerror(err);
    belay_cancel_cause_at(inner, where, err, "%s", text);
}

/*
 * A limit has passed.  Whether it can be armed again or not: from when it was
 * tried, belay_unwatch() waits for this no more, and idle may be gone.
 */
static void look(void *arg, int err)
{
    struct idle *idle = arg;
    if (idle->forks != belay__forks_so_far()) {
        end_stalled(idle->inner, idle->where, err);
        return;
    }
    pthread_mutex_lock(&idle->mutex);
    belay_ctx *inner = idle->inner;
    const char *where = idle->where;
    const belay_ctx *held = belay_ref(inner);
    err = idle->is_over ? 0 : arm(idle);
    pthread_mutex_unlock(&idle->mutex);
    if (err != 0)
        end_stalled(inner, where, err);
    belay_unref(held);
}

static void destroy(void *value)
{
    struct idle *idle = value;
    bool is_inherited = idle->forks != belay__forks_so_far();
    if (!is_inherited) {
        pthread_mutex_lock(&idle->mutex);
        idle->is_over = true;
        pthread_mutex_unlock(&idle->mutex);
    }
    belay_unwatch(&idle->watch);
    belay_end(idle->timer);
    belay_end(idle->inner);
    if (!is_inherited)
        pthread_mutex_destroy(&idle->mutex);
    free(idle);
}

static const struct belay_key idle_key = {"idle", destroy};

static struct idle *find(const belay_ctx *ctx)
{
    void *idle = NULL;
    belay_value(ctx, &idle_key, &idle);
    return idle;
}

belay_ctx *belay_with_idle_at(const belay_ctx *parent, belay_duration limit,
                              const char *where)
{
    if (limit == BELAY_FOREVER)
        return belay_with_cancel_at(parent, where);
    struct idle *idle =
        belay__work_counts_forks() ? belay__zeros(sizeof *idle) : NULL;
    if (idle == NULL)
        return belay__refused(parent, where);
    pthread_mutex_init(&idle->mutex, NULL);
    idle->inner = belay_with_cancel_at(parent, where);
    idle->outer = find(parent);
    idle->limit = limit < 0 ? 0 : limit;
    idle->where = where;
    idle->forks = belay__forks_so_far();
    atomic_init(&idle->last, belay_now());

    pthread_mutex_lock(&idle->mutex);
    int err = arm(idle);
    pthread_mutex_unlock(&idle->mutex);
    if (err != 0)
        end_stalled(idle->inner, where, err);
    return belay__carry(idle->inner, &idle_key, idle, where);
}

void belay_progress(const belay_ctx *ctx, int64_t count)
{
    struct idle *idle = count > 0 ? find(ctx) : NULL;
    if (idle == NULL)
        return;
    belay_time now = belay_now();
    for (; idle != NULL; idle = idle->outer)
        atomic_store_explicit(&idle->last, now, memory_order_relaxed);
}
