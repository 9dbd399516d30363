/* SPDX-License-Identifier: MIT */
#include "lanes.h"

#include <stdio.h>

/* The one that has been over for longest. */
static struct lane *oldest(struct lanes *lanes)
{
    struct lane *found = NULL;
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        bool is_free = lane->id == 0 || (lane->done != 0 && lane->users == 0);
        if (is_free && (found == NULL || lane->id < found->id))
            found = lane;
    }
    return found;
}

struct lane *lane_open(struct lanes *lanes, const struct wish *wish,
                       const char *client)
{
    pthread_mutex_lock(&lanes->lock);
    struct lane *lane = oldest(lanes);
    if (lane != NULL) {
        *lane = (struct lane){.lanes = lanes,
                              .id = ++lanes->last_id,
                              .wish = *wish,
                              .began = belay_now()};
        snprintf(lane->client, sizeof lane->client, "%s", client);
    }
    pthread_mutex_unlock(&lanes->lock);
    return lane;
}

/* A watch: runs on whichever thread has ended the context. */
static void note_end(void *arg, int err)
{
    struct lane *lane = arg;
    pthread_mutex_lock(&lane->lanes->lock);
    const struct belay_cause *cause = belay_cause(lane->ctx);
    lane->err = err;
    lane->ended = cause->when;
    lane->code = cause->code;
    belay_explain(lane->ctx, lane->cause, sizeof lane->cause);
    pthread_mutex_unlock(&lane->lanes->lock);
}

void lane_follow(struct lane *lane, const belay_ctx *ctx,
                 struct belay_watch *watch)
{
    pthread_mutex_lock(&lane->lanes->lock);
    lane->ctx = ctx;
    pthread_mutex_unlock(&lane->lanes->lock);
    if (!belay_watch(ctx, watch, note_end, lane))
        note_end(lane, belay_err(ctx));
}

void lane_client_left(struct lane *lane, belay_time when)
{
    struct lanes *lanes = lane->lanes;
    pthread_mutex_lock(&lanes->lock);
    lane->left = when;
    for (struct part *part = lane->part; part < lane->part + PARTS; ++part) {
        part->cpu = part_cpu(part);
        part->cpu_left = part->cpu;
    }
    ++(lane->wish.with_context ? &lanes->on : &lanes->off)->clients;
    pthread_mutex_unlock(&lanes->lock);
}

void lane_close(struct lane *lane, struct belay_watch *watch, int status)
{
    belay_unwatch(watch);
    pthread_mutex_lock(&lane->lanes->lock);
    lane->ctx = NULL;
    lane->status = status;
    lane->done = belay_now();
    pthread_mutex_unlock(&lane->lanes->lock);
}

struct lane *lane_find(struct lanes *lanes, unsigned id)
{
    struct lane *found = NULL;
    pthread_mutex_lock(&lanes->lock);
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        if (lane->id == id && id != 0 && lane->done == 0)
            found = lane;
    }
    if (found != NULL)
        ++found->users;
    pthread_mutex_unlock(&lanes->lock);
    return found;
}

void lane_release(struct lane *lane)
{
    pthread_mutex_lock(&lane->lanes->lock);
    --lane->users;
    pthread_mutex_unlock(&lane->lanes->lock);
}
