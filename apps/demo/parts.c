/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include "pg.h"

#include <belay/group.h>

int part_of_database(const belay_ctx *ctx, void *arg)
{
    struct job *job = arg;
    clockid_t clock;
    pthread_getcpuclockid(pthread_self(), &clock);
    part_begin(job->lane, DATABASE, clock, belay_remaining(ctx));
    int err = query_run(ctx, job->lane->wish.work_ms, &job->answer);
    part_stop(job->lane, DATABASE, err, -1);
    return err;
}

static int run_all(const belay_ctx *ctx, struct job *job)
{
    belay_job *const parts[PARTS] = {pg_is_open() ? part_of_postgres
                                                  : part_of_database,
                                     part_of_hop, part_of_child};
    belay_group *group = belay_group_start(ctx, NULL);
    for (int i = 0; i < PARTS; ++i)
        belay_group_go(group, parts[i], job); /* a refusal is a failure */
    int err = belay_group_wait(group);
    belay_group_end(group);
    return err;
}

int parts_run(const belay_ctx *ctx, struct job *job)
{
    int err = belay_semaphore_acquire(ctx, job->room, 1);
    if (err == 0) {
        err = run_all(ctx, job);
        belay_semaphore_release(job->room, 1);
    }
    for (int i = 0; i < PARTS; ++i)
        part_give_up(job->lane, (enum kind)i, err);
    return err;
}
