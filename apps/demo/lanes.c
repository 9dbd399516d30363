/* SPDX-License-Identifier: MIT */
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

void lanes_start(struct lanes *lanes)
{
    memset(lanes, 0, sizeof *lanes);
    pthread_mutex_init(&lanes->lock, NULL);
}

static int64_t cpu_now(const struct lane *lane)
{
    struct timespec now;
    if (clock_gettime(lane->cpu_clock, &now) != 0)
        return lane->cpu_left;
    return now.tv_sec * BELAY_SECOND + now.tv_nsec;
}

static struct tally *tally_of(struct lanes *lanes, bool with_context)
{
    return with_context ? &lanes->on : &lanes->off;
}

/* --- One lane ------------------------------------------------------------ */

/* The one that has been over for longest. */
static struct lane *oldest(struct lanes *lanes)
{
    struct lane *found = NULL;
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        bool is_free = lane->id == 0 || lane->done != 0;
        if (is_free && (found == NULL || lane->id < found->id))
            found = lane;
    }
    return found;
}

struct lane *lane_open(struct lanes *lanes, const struct wish *wish)
{
    pthread_mutex_lock(&lanes->lock);
    struct lane *lane = oldest(lanes);
    if (lane != NULL) {
        *lane = (struct lane){.lanes = lanes,
                              .id = ++lanes->last_id,
                              .wish = *wish,
                              .began = belay_now()};
        pthread_getcpuclockid(pthread_self(), &lane->cpu_clock);
    }
    pthread_mutex_unlock(&lanes->lock);
    return lane;
}

/* A watch: runs on whichever thread has ended the context. */
static void note_end(void *arg, int err)
{
    struct lane *lane = arg;
    pthread_mutex_lock(&lane->lanes->lock);
    lane->err = err;
    lane->ended = belay_cause(lane->ctx)->when;
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

void lane_client_left(struct lane *lane)
{
    pthread_mutex_lock(&lane->lanes->lock);
    lane->left = belay_now();
    lane->cpu_left = cpu_now(lane);
    ++tally_of(lane->lanes, lane->wish.with_context)->jobs;
    pthread_mutex_unlock(&lane->lanes->lock);
}

void lane_query_stopped(struct lane *lane, int err)
{
    struct lanes *lanes = lane->lanes;
    pthread_mutex_lock(&lanes->lock);
    lane->stopped = belay_now();
    if (lane->left != 0) {
        lane->cpu_nobody = cpu_now(lane) - lane->cpu_left;
        tally_of(lanes, lane->wish.with_context)->cpu_nobody +=
            lane->cpu_nobody;
    }
    const struct belay_cause *cause = belay_cause(lane->ctx);
    if (err != 0 && cause != NULL)
        lanes->latency[lanes->latencies++ % LATENCIES] =
            lane->stopped - cause->when;
    pthread_mutex_unlock(&lanes->lock);
}

bool lane_has_client(struct lane *lane)
{
    pthread_mutex_lock(&lane->lanes->lock);
    bool has_client = lane->left == 0;
    pthread_mutex_unlock(&lane->lanes->lock);
    return has_client;
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

/* --- All of them --------------------------------------------------------- */

static int newer_first(const void *one, const void *two)
{
    unsigned a = ((const struct lane *)one)->id;
    unsigned b = ((const struct lane *)two)->id;
    return (a < b) - (a > b);
}

int lanes_newest(struct lanes *lanes, struct lane *ret_lanes, int most)
{
    int count = 0;
    pthread_mutex_lock(&lanes->lock);
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        bool is_new =
            lane->id != 0 && lane->id + (unsigned)most > lanes->last_id;
        if (!is_new)
            continue;
        struct lane *copy = &ret_lanes[count++];
        *copy = *lane;
        if (lane->left != 0 && lane->stopped == 0)
            copy->cpu_nobody = cpu_now(lane) - lane->cpu_left;
    }
    pthread_mutex_unlock(&lanes->lock);
    qsort(ret_lanes, (size_t)count, sizeof *ret_lanes, newer_first);
    return count;
}

struct tally lanes_tally(struct lanes *lanes, bool with_context)
{
    pthread_mutex_lock(&lanes->lock);
    struct tally tally = *tally_of(lanes, with_context);
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        if (lane->wish.with_context == with_context && lane->left != 0 &&
            lane->stopped == 0)
            tally.cpu_nobody += cpu_now(lane) - lane->cpu_left;
    }
    pthread_mutex_unlock(&lanes->lock);
    return tally;
}

static int shorter_first(const void *one, const void *two)
{
    belay_duration a = *(const belay_duration *)one;
    belay_duration b = *(const belay_duration *)two;
    return (a > b) - (a < b);
}

belay_duration lanes_latency(struct lanes *lanes, unsigned percent)
{
    belay_duration sorted[LATENCIES];
    pthread_mutex_lock(&lanes->lock);
    unsigned count =
        lanes->latencies < LATENCIES ? lanes->latencies : LATENCIES;
    memcpy(sorted, lanes->latency, count * sizeof *sorted);
    pthread_mutex_unlock(&lanes->lock);
    if (count == 0)
        return 0;
    qsort(sorted, count, sizeof *sorted, shorter_first);
    unsigned rank = (count * percent + 99) / 100;
    return sorted[rank == 0 ? 0 : rank - 1];
}
