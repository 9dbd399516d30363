/* SPDX-License-Identifier: MIT */
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

void lanes_start(struct lanes *lanes)
{
    memset(lanes, 0, sizeof *lanes);
    pthread_mutex_init(&lanes->lock, NULL);
}

void lanes_stop(struct lanes *lanes)
{
    pthread_mutex_destroy(&lanes->lock);
}

static void copy_lane(const struct lane *lane, struct lane *ret_lane)
{
    *ret_lane = *lane;
    ret_lane->remaining =
        lane->ctx != NULL ? belay_remaining(lane->ctx) : BELAY_FOREVER;
    for (int i = 0; i < PARTS; ++i)
        part_look(&ret_lane->part[i], lane->left == 0);
}

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
        if (lane->id != 0 && lane->id + (unsigned)most > lanes->last_id)
            copy_lane(lane, &ret_lanes[count++]);
    }
    pthread_mutex_unlock(&lanes->lock);
    qsort(ret_lanes, (size_t)count, sizeof *ret_lanes, newer_first);
    return count;
}

bool lanes_copy(struct lanes *lanes, unsigned id, struct lane *ret_lane)
{
    bool is_found = false;
    pthread_mutex_lock(&lanes->lock);
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        if (id == 0 || lane->id != id)
            continue;
        copy_lane(lane, ret_lane);
        is_found = true;
    }
    pthread_mutex_unlock(&lanes->lock);
    return is_found;
}

/* What its parts burn right now for a client who has left. */
static void add_running(const struct lane *lane, struct tally *tally)
{
    for (int i = 0; i < PARTS; ++i) {
        struct part part = lane->part[i];
        if (!part.is_working)
            continue;
        part_look(&part, false);
        tally->cpu_nobody += part.cpu_nobody;
        ++tally->jobs;
    }
}

struct tally lanes_tally(struct lanes *lanes, bool with_context)
{
    pthread_mutex_lock(&lanes->lock);
    struct tally tally = with_context ? lanes->on : lanes->off;
    for (struct lane *lane = lanes->lane; lane < lanes->lane + LANES; ++lane) {
        if (lane->wish.with_context == with_context && lane->left != 0)
            add_running(lane, &tally);
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
