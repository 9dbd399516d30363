/* SPDX-License-Identifier: MIT */
#include "lanes.h"

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return -1; /* a process that has just been reaped */
    return now.tv_sec * BELAY_SECOND + now.tv_nsec;
}

int64_t part_cpu(const struct part *part)
{
    int64_t now = part->is_working ? read_clock(part->clock) : -1;
    return now < 0 ? part->cpu : now - part->cpu_began;
}

void part_look(struct part *part, bool has_client)
{
    part->cpu = part_cpu(part);
    if (!has_client)
        part->cpu_nobody = part->cpu - part->cpu_left;
}

bool part_begin(struct lane *lane, enum kind kind, clockid_t clock,
                belay_duration given)
{
    struct part *part = &lane->part[kind];
    pthread_mutex_lock(&lane->lanes->lock);
    bool may_begin = part->stopped == 0;
    if (may_begin) {
        part->clock = clock;
        part->cpu_began = kind == CHILD ? 0 : read_clock(clock);
        part->began = belay_now();
        part->given = given == BELAY_FOREVER ? 0 : given;
        part->is_working = true;
    }
    pthread_mutex_unlock(&lane->lanes->lock);
    return may_begin;
}

void part_told(struct lane *lane, enum kind kind, belay_time when)
{
    pthread_mutex_lock(&lane->lanes->lock);
    lane->part[kind].told = when;
    pthread_mutex_unlock(&lane->lanes->lock);
}

static void note_latency(struct lane *lane, const struct part *part)
{
    struct lanes *lanes = lane->lanes;
    if (part->err != 0 && lane->wish.with_context && lane->ended != 0 &&
        part->began < lane->ended && part->stopped >= lane->ended)
        lanes->latency[lanes->latencies++ % LATENCIES] =
            part->stopped - lane->ended;
}

void part_stop(struct lane *lane, enum kind kind, int err, int64_t cpu)
{
    struct lanes *lanes = lane->lanes;
    struct part *part = &lane->part[kind];
    pthread_mutex_lock(&lanes->lock);
    part->stopped = belay_now();
    part->err = err;
    part_look(part, lane->left == 0);
    part->is_working = false;
    if (cpu >= 0) {
        part->cpu = cpu;
        part_look(part, lane->left == 0);
    }
    struct tally *tally = lane->wish.with_context ? &lanes->on : &lanes->off;
    tally->cpu_nobody += part->cpu_nobody;
    note_latency(lane, part);
    pthread_mutex_unlock(&lanes->lock);
}

void part_give_up(struct lane *lane, enum kind kind, int err)
{
    struct part *part = &lane->part[kind];
    pthread_mutex_lock(&lane->lanes->lock);
    if (part->began == 0 && part->stopped == 0) {
        part->stopped = belay_now();
        part->err = err;
    }
    pthread_mutex_unlock(&lane->lanes->lock);
}
