/* SPDX-License-Identifier: MIT */

#include "group.h"

#include "fork.h"
#include "memory.h"

bool belay__group_is_inherited(const struct belay_group *group)
{
    return group->forks != belay__forks_so_far();
}

/* --- Starting ----------------------------------------------------------- */

static void wake_who_waits_for_room(void *arg, int err)
{
    struct belay_group *group = arg;
    (void)err;
    if (belay__group_is_inherited(group))
        return;
    pthread_mutex_lock(&group->mutex);
    pthread_cond_broadcast(&group->room);
    pthread_mutex_unlock(&group->mutex);
}

static void set_rules(struct belay_group *group,
                      const struct belay_group_rules *rules)
{
    if (rules != NULL)
        group->rules = *rules;
    unsigned limit = group->rules.limit;
    unsigned queue = group->rules.queue;
    group->full = limit == 0 ? UINT64_MAX : (uint64_t)limit + queue;
    group->has_room =
        queue == 0 ? group->full - 1 : (uint64_t)limit + queue / 2;
}

belay_group *belay_group_start_at(const belay_ctx *parent,
                                  const struct belay_group_rules *rules,
                                  const char *where)
{
    struct belay_group *group =
        belay__work_counts_forks() ? belay__zeros(sizeof *group) : NULL;
    if (group == NULL)
        return NULL;
    set_rules(group, rules);
    group->where = where;
    group->forks = belay__forks_so_far();
    group->queue_end = &group->queue;
    group->failures_end = &group->failures;
    pthread_mutex_init(&group->mutex, NULL);
    pthread_cond_init(&group->room, NULL);
    pthread_cond_init(&group->calls, NULL);
    pthread_cond_init(&group->over, NULL);
    group->ctx = belay_with_cancel_at(parent, where);
    belay_watch(group->ctx, &group->ending, wake_who_waits_for_room, group);
    return group;
}

/* --- What becomes of them ----------------------------------------------- */

void belay__group_spare(struct belay_group *group, struct job *job)
{
    free(job->text);
    job->text = NULL;
    job->next = group->spare;
    group->spare = job;
}

bool belay__group_count_failure(struct belay_group *group, int code)
{
    bool is_first = group->outcome == 0;
    if (is_first)
        group->outcome = code;
    return is_first && group->rules.until == BELAY_UNTIL_FAILURE;
}

/* Under the mutex: the job is kept, and true if it ends the context. */
static bool count_failed(struct belay_group *group, struct job *job, int code)
{
    struct belay_failure *failure = &job->failure;
    failure->code = code;
    failure->text = job->text != NULL ? job->text : belay_strerror(code);
    *group->failures_end = failure;
    group->failures_end = &failure->next;
    return belay__group_count_failure(group, code);
}

/* Under the mutex. */
static bool count_succeeded(struct belay_group *group)
{
    bool is_first = !group->has_succeeded;
    group->has_succeeded = true;
    return is_first && group->rules.until == BELAY_UNTIL_SUCCESS;
}

void belay__group_finish(struct belay_group *group, struct job *job, int code)
{
    bool has_failed = code < 0;
    bool ends =
        has_failed ? count_failed(group, job, code) : count_succeeded(group);
    struct belay_failure told = job->failure;
    if (!has_failed)
        belay__group_spare(group, job);
    if (ends) {
        pthread_mutex_unlock(&group->mutex);
        belay_cancel_cause_at(group->ctx, told.where, has_failed ? code : 0,
                              "%s", has_failed ? told.text : "succeeded");
        pthread_mutex_lock(&group->mutex);
    }
    --group->pending;
    if (group->pending == group->has_room)
        pthread_cond_broadcast(&group->room);
    if (group->pending == 0)
        pthread_cond_broadcast(&group->over);
}

/* --- Waiting, and the end ----------------------------------------------- */

/* Closes the group once all is done; its threads are gone, then. */
static void await_all(struct belay_group *group)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_mutex_lock(&group->mutex);
    while (group->pending > 0)
        pthread_cond_wait(&group->over, &group->mutex);
    group->is_closed = true;
    pthread_cond_broadcast(&group->calls);
    while (group->hands > 0)
        pthread_cond_wait(&group->over, &group->mutex);
    bool has_left = group->has_left;
    group->has_left = false;
    pthread_mutex_unlock(&group->mutex);
    if (has_left)
        pthread_join(group->left, NULL);
    pthread_setcancelstate(before, &before);
}

int belay_group_wait(belay_group *group)
{
    if (group == NULL)
        return -ENOMEM;
    if (belay__group_is_inherited(group))
        return -ECHILD;
    if (belay__group_is_inside(group))
        return -EDEADLK;
    await_all(group);
    belay_cancel_cause_at(group->ctx, group->where, 0, "group finished");

    pthread_mutex_lock(&group->mutex);
    int outcome = group->outcome;
    if (group->rules.until == BELAY_UNTIL_SUCCESS)
        outcome = group->has_succeeded ? 0 : outcome != 0 ? outcome : -ENOENT;
    pthread_mutex_unlock(&group->mutex);
    return outcome;
}

const struct belay_failure *belay_group_failures(const belay_group *group)
{
    return group == NULL || belay__group_is_inherited(group) ? NULL
                                                             : group->failures;
}

static void free_jobs(struct belay_group *group)
{
    while (group->failures != NULL) {
        struct job *job = (struct job *)group->failures; /* its first member */
        group->failures = job->failure.next;
        belay__group_spare(group, job);
    }
    while (group->spare != NULL) {
        struct job *job = group->spare;
        group->spare = job->next;
        free(job);
    }
}

int belay_group_end_at(belay_group *group, const char *where)
{
    if (group == NULL)
        return 0;
    belay_cancel_at(group->ctx, where);
    if (!belay__group_is_inherited(group)) {
        if (belay__group_is_inside(group))
            return -EDEADLK;
        await_all(group);
        belay_unwatch(&group->ending);
        free_jobs(group);
        pthread_cond_destroy(&group->over);
        pthread_cond_destroy(&group->calls);
        pthread_cond_destroy(&group->room);
        pthread_mutex_destroy(&group->mutex);
    }
    belay_end_at(group->ctx, where);
    free(group);
    return 0;
}

void belay__auto_group_end(belay_group **group)
{
    belay_group_end_at(*group, *group == NULL ? "" : (*group)->where);
}
