/* SPDX-License-Identifier: MIT */

/* How jobs get into a group. */

#include "group.h"

#include "memory.h"

static struct job *new_job(struct belay_group *group)
{
    struct job *job = group->spare;
    if (job == NULL)
        return belay__zeros(sizeof *job);
    group->spare = job->next;
    return job;
}

/* Under the mutex.  Nobody else adds one while the first hand is called. */
static int call_first_hand(struct belay_group *group)
{
    group->is_beginning = true;
    int err = belay__group_call(group);
    group->is_beginning = false;
    pthread_cond_broadcast(&group->room);
    if (err == 0)
        return 0;
    --group->pending;
    belay__group_spare(group, group->queue);
    group->queue = NULL;
    group->queue_end = &group->queue;
    return err;
}

/* Under the mutex. */
static int add(struct belay_group *group, belay_job *fn, void *arg,
               const char *where)
{
    struct job *job = new_job(group);
    if (job == NULL)
        return -ENOMEM;
    job->fn = fn;
    job->failure = (struct belay_failure){.where = where, .arg = arg};
    job->next = NULL;
    *group->queue_end = job;
    group->queue_end = &job->next;
    ++group->pending;
    if (group->hands == 0)
        return call_first_hand(group);
    belay__group_call(group);
    return 0;
}

/* Under the mutex: 0, or why there can be no more jobs. */
static int is_over(const struct belay_group *group)
{
    return group->is_closed ? BELAY_CANCELED : belay_err(group->ctx);
}

/* Under the mutex, while waiting releases it. */
static int await_room(struct belay_group *group)
{
    bool may_wait = !belay__group_is_inside(group);
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    int err;
    while ((err = is_over(group)) == 0 &&
           (group->is_beginning || (may_wait && group->pending >= group->full)))
        pthread_cond_wait(&group->room, &group->mutex);
    pthread_setcancelstate(before, &before);
    return err;
}

/* Under the mutex. */
static int find_room(const struct belay_group *group)
{
    unsigned limit = group->rules.limit;
    bool is_full = limit > 0 && group->pending >= limit;
    int err = is_over(group);
    return err == 0 && (is_full || group->is_beginning) ? -EAGAIN : err;
}

/* Counts the failure of a job, or of starting one. */
static void refuse(struct belay_group *group, int err, const char *where)
{
    pthread_mutex_lock(&group->mutex);
    bool ends = belay__group_count_failure(group, err);
    pthread_mutex_unlock(&group->mutex);
    if (ends)
        belay_cancel_cause_at(group->ctx, where, err, NULL);
}

int belay_group_go_at(belay_group *group, belay_job *job, void *arg,
                      const char *where)
{
    if (group == NULL)
        return -ENOMEM;
    if (belay__group_is_inherited(group))
        return -ECHILD;
    pthread_mutex_lock(&group->mutex);
    int err = await_room(group);
    if (err == 0)
        err = add(group, job, arg, where);
    pthread_mutex_unlock(&group->mutex);
    if (err != 0)
        refuse(group, err, where);
    return err;
}

int belay_group_try_go_at(belay_group *group, belay_job *job, void *arg,
                          const char *where)
{
    if (group == NULL)
        return -ENOMEM;
    if (belay__group_is_inherited(group))
        return -ECHILD;
    pthread_mutex_lock(&group->mutex);
    int err = find_room(group);
    if (err == 0)
        err = add(group, job, arg, where);
    pthread_mutex_unlock(&group->mutex);
    return err;
}
