/* SPDX-License-Identifier: MIT */

/*
 * The hands of a group: who runs its jobs.
 *
 * Threads of the group's own stay until it is closed, but for what enough
 * others are idle.  Each that leaves joins the one that left before it, so
 * whoever closes the group joins the last, and nothing remains for dlclose().
 */

#include "group.h"

#include "memory.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

struct running {
    struct belay_group *group;
    struct job *job;
    struct running *outer; /* an executor may run a job within a job */
    int code;
};

static _Thread_local struct running *running_here;

bool belay__group_is_inside(const struct belay_group *group)
{
    for (const struct running *r = running_here; r != NULL; r = r->outer)
        if (r->group == group)
            return true;
    return false;
}

static void serve(struct belay_group *group);

/* --- Coming and going --------------------------------------------------- */

/* Under the mutex: this hand takes no more. */
static void leave(struct belay_group *group)
{
    bool is_thread = group->rules.run == NULL;
    bool joins = is_thread && group->has_left;
    pthread_t before = group->left;
    if (is_thread) {
        group->left = pthread_self();
        group->has_left = true;
    }
    if (--group->hands == 0)
        pthread_cond_broadcast(&group->over);
    pthread_mutex_unlock(&group->mutex);
    if (joins)
        pthread_join(before, NULL);
}

/* Under the mutex: false if this one is to leave, else there may be work. */
static bool be_idle(struct belay_group *group)
{
    enum { ENOUGH_IDLE = 32 };
    if (group->idle >= ENOUGH_IDLE)
        return false;
    ++group->idle;
    while (group->called == 0 && !group->is_closed)
        pthread_cond_wait(&group->calls, &group->mutex);
    if (group->called == 0) {
        --group->idle;
        return false;
    }
    --group->called;
    --group->coming;
    return true;
}

static void *run_thread(void *arg)
{
    struct belay_group *group = arg;
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_setname_np(pthread_self(), "belay-work");
    pthread_mutex_lock(&group->mutex);
    --group->coming;
    do
        serve(group);
    while (be_idle(group));
    leave(group);
    return NULL;
}

/* One call of rules.run. */
static void run_once(void *arg)
{
    struct belay_group *group = arg;
    pthread_mutex_lock(&group->mutex);
    --group->coming;
    if (group->is_beginning) {
        group->is_beginning = false; /* run may not return before the jobs do */
        pthread_cond_broadcast(&group->room);
    }
    serve(group);
    leave(group);
}

static int start_thread(struct belay_group *group)
{
    int saved = errno;
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&thread, NULL, run_thread, group);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return -err;
}

static int start(struct belay_group *group)
{
    const struct belay_group_rules *rules = &group->rules;
    if (rules->run == NULL)
        return start_thread(group);
    int err = rules->run(rules->run_arg, run_once, group);
    return err < 0 ? err : 0;
}

static int call(struct belay_group *group)
{
    ++group->coming;
    if (group->idle > 0) {
        --group->idle;
        ++group->called;
        pthread_cond_signal(&group->calls);
        return 0;
    }
    ++group->hands;
    pthread_mutex_unlock(&group->mutex);
    int err = start(group);
    pthread_mutex_lock(&group->mutex);
    if (err != 0) {
        --group->coming;
        --group->hands;
    }
    return err;
}

int belay__group_call(struct belay_group *group)
{
    unsigned limit = group->rules.limit;
    bool is_enough =
        group->coming > 0 || (limit > 0 && group->hands - group->idle >= limit);
    return is_enough ? 0 : call(group);
}

/* --- Running ------------------------------------------------------------ */

/*
 * The job calls pthread_exit(): this hand is lost.  Another takes its place,
 * for what is in the queue; if it cannot be had, this one does it, here.
 */
static void lose_hand(void *arg)
{
    struct running *running = arg;
    struct belay_group *group = running->group;
    running_here = running->outer;
    pthread_mutex_lock(&group->mutex);
    belay__group_finish(group, running->job, BELAY_CANCELED);
    if (group->queue != NULL && call(group) != 0)
        serve(group);
    leave(group);
}

/* Without the mutex. */
static int run(struct belay_group *group, struct job *job)
{
    struct running running = {group, job, running_here, 0};
    running_here = &running;
    pthread_cleanup_push(lose_hand, &running);
    running.code = job->fn(group->ctx, job->failure.arg);
    pthread_cleanup_pop(0);
    running_here = running.outer;
    return running.code;
}

static struct job *take(struct belay_group *group)
{
    struct job *job = group->queue;
    if (job == NULL)
        return NULL;
    group->queue = job->next;
    if (group->queue == NULL)
        group->queue_end = &group->queue;
    return job;
}

/* Under the mutex: runs what is in the queue. */
static void serve(struct belay_group *group)
{
    struct job *job;
    while ((job = take(group)) != NULL) {
        if (group->queue != NULL)
            belay__group_call(group); /* else this one serves the next, too */
        pthread_mutex_unlock(&group->mutex);
        int code = run(group, job);
        pthread_mutex_lock(&group->mutex);
        belay__group_finish(group, job, code);
    }
}

int belay_group_fail(int code, const char *format, ...)
{
    enum { TEXT_SIZE = 256 };
    if (running_here == NULL)
        return code;
    struct job *job = running_here->job;
    if (job->text == NULL)
        job->text = belay__zeros(TEXT_SIZE);
    if (job->text == NULL)
        return code;
    int saved = errno;
    va_list args;
    va_start(args, format);
    vsnprintf(job->text, TEXT_SIZE, format, args);
    va_end(args);
    errno = saved;
    return code;
}
