/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include "check.h"

/*
 * Two functions that run against each other, round after round, each time with
 * another head start.  Before a round `prepare` runs alone, after it `check`.
 */
struct race {
    void (*prepare)(void *arg);
    void (*left)(void *arg);
    void (*right)(void *arg);
    void (*check)(void *arg); /* as prepare, on the test's thread: may fail */
    void *arg;
};

enum { RACES = SANITIZED ? 2000 : 20000 };

struct running_race {
    struct race race;
    int rounds;
    atomic_int started;  /* rounds that both may run */
    atomic_int entered;  /* rounds in which the other thread has seen that */
    atomic_int finished; /* rounds that `right` has run */
};

static inline void spin(int turns)
{
    for (volatile int i = 0; i < turns; ++i)
        continue;
}

static inline void await_count(atomic_int *count, int value)
{
    for (int i = 0; atomic_load_explicit(count, memory_order_acquire) < value;
         ++i)
        if (i > 1000)
            sched_yield();
}

static inline void *run_right(void *arg)
{
    struct running_race *running = arg;
    for (int round = 0; round < running->rounds; ++round) {
        await_count(&running->started, round + 1);
        atomic_store_explicit(&running->entered, round + 1,
                              memory_order_relaxed);
        spin(round * 7 % 200);
        running->race.right(running->race.arg);
        atomic_store_explicit(&running->finished, round + 1,
                              memory_order_release);
    }
    return NULL;
}

/* To the right; the yield is for where both threads have one processor. */
static inline void give_head_start(struct running_race *running, int round)
{
    if (round % 3 > 0)
        await_count(&running->entered, round + 1);
    if (round % 3 == 2)
        sched_yield();
    spin(round * 11 % 300);
}

/* A check that fails leaves the other thread waiting, on memory of its own. */
static inline void run_race(struct race race, int rounds)
{
    struct running_race *running = calloc(1, sizeof *running);
    running->race = race;
    running->rounds = rounds;
    pthread_t other = start(run_right, running);
    for (int round = 0; round < rounds; ++round) {
        race.prepare(race.arg);
        atomic_store_explicit(&running->started, round + 1,
                              memory_order_release);
        give_head_start(running, round);
        race.left(race.arg);
        await_count(&running->finished, round + 1);
        race.check(race.arg);
    }
    join(other);
    free(running);
}

#endif
