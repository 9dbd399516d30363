/* SPDX-License-Identifier: MIT */
#ifndef WORK_GROUP_H
#define WORK_GROUP_H

#include <belay/group.h>

#include <pthread.h>

struct job {
    struct belay_failure failure; /* in failures, if it fails; else unused */
    struct job *next;             /* in the queue, or among the spare */
    belay_job *fn;
    char *text; /* of belay_group_fail(), or NULL */
};

/*
 * Jobs wait in the queue until a hand takes them: a thread of the group's own,
 * or one call of rules.run.  A hand that takes a job, and finds more, makes
 * sure that another is coming before it runs it: so each job has one to itself,
 * and where they are short, a few hands do it all.  A hand is there, if only
 * on its way, whenever the queue is not empty.
 */
struct belay_group {
    belay_ctx *ctx;
    struct belay_group_rules rules;
    const char *where;
    unsigned forks;    /* that there had been at the start */
    uint64_t full;     /* so many pending jobs, and who adds one waits */
    uint64_t has_room; /* until there are so many */
    struct belay_watch ending; /* of ctx: wakes who waits for room */

    pthread_mutex_t mutex; /* guards the rest; nobody is called under it */
    pthread_cond_t room;   /* pending came to has_room, or ctx has ended */
    pthread_cond_t calls;  /* for idle hands: called > 0, or it is closed */
    pthread_cond_t over;   /* pending, or hands, came to 0 */
    struct job *queue, **queue_end;
    struct job *spare;
    const struct belay_failure *failures, **failures_end;
    int outcome;    /* the first failure, also of a job that was refused */
    size_t pending; /* jobs that were taken and are not over */
    size_t hands;   /* that there are, or will be */
    size_t coming;  /* of those, that have been asked for and are not there */
    size_t idle;    /* of those, that wait and have not been called */
    size_t called;  /* of those, that waited and have been */
    bool has_succeeded;
    bool is_closed;    /* nothing comes any more; idle hands leave */
    bool is_beginning; /* the only job waits for the only hand, if there is one
                        */
    bool has_left;     /* `left` is to be joined */
    pthread_t left;
};

/* Under the mutex, all of them; they may release it for a while. */

/* The queue is not empty: another hand comes, 0, or cannot, negative. */
int belay__group_call(struct belay_group *group);

/* A job is over.  Ends the context if that is the rule. */
void belay__group_finish(struct belay_group *group, struct job *job, int code);

/* Keeps the memory of a job for the next. */
void belay__group_spare(struct belay_group *group, struct job *job);

/* Counts a failure; true: it is the one that ends the context. */
bool belay__group_count_failure(struct belay_group *group, int code);

/* Without it: whether this thread runs a job of that group. */
bool belay__group_is_inside(const struct belay_group *group);

/* Whether it is from before a fork(): its mutex may be held for ever. */
bool belay__group_is_inherited(const struct belay_group *group);

#endif
