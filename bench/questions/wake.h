/* SPDX-License-Identifier: MIT */

/*
 * s9.wake: from the call that ends it until a sleeping thread runs again.
 *
 * Under a real-time class where that is allowed: the sleeper above the waker,
 * so that it runs as soon as it can on one processor too.
 */

#include <semaphore.h>

struct sleeper {
    const char *key;
    void (*set)(void);   /* makes what is slept on; not measured */
    void (*sleep)(void); /* on a thread of its own, until woken */
    void (*wake)(void);
    void (*clear)(void); /* once both are through; not measured */
};

struct bed {
    const struct sleeper *sleeper;
    size_t tries;
    int cpu;
    sem_t go;
    sem_t awake;
    int64_t woke;
};

static inline void be_prompt(int priority)
{
    struct sched_param param;
    memset(&param, 0, sizeof param);
    param.sched_priority = priority;
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
}

static void *sleep_and_note(void *arg)
{
    struct bed *bed = (struct bed *)arg;
    pin(bed->cpu);
    be_prompt(2);
    for (size_t i = 0; i < bed->tries; ++i) {
        while (sem_wait(&bed->go) != 0)
            ;
        bed->sleeper->sleep();
        bed->woke = wall_ns();
        sem_post(&bed->awake);
    }
    return NULL;
}

static void wake_again_and_again(struct bed *bed, int64_t *took)
{
    const struct sleeper *sleeper = bed->sleeper;
    for (size_t i = 0; i < bed->tries; ++i) {
        sleeper->set();
        sem_post(&bed->go);
        sleep_for(100000); /* surely asleep by then */
        int64_t begin = wall_ns();
        sleeper->wake();
        while (sem_wait(&bed->awake) != 0)
            ;
        took[i] = bed->woke - begin;
        sleeper->clear();
    }
}

static void time_wakes(const struct sleeper *sleeper, const char *suffix,
                       int cpu, size_t tries)
{
    int64_t *took = (int64_t *)touched(tries, sizeof *took);
    struct bed bed;
    memset(&bed, 0, sizeof bed);
    bed.sleeper = sleeper;
    bed.tries = tries;
    bed.cpu = cpu;
    sem_init(&bed.go, 0, 0);
    sem_init(&bed.awake, 0, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, sleep_and_note, &bed);

    wake_again_and_again(&bed, took);

    pthread_join(thread, NULL);
    char stem[64];
    snprintf(stem, sizeof stem, "%s%s", sleeper->key, suffix);
    report_spread(stem, "ns", took, tries, 1);
    free(took);
}

static void ask_sleeper(const struct sleeper *sleeper, size_t tries)
{
    pin(0);
    be_prompt(1);
    time_wakes(sleeper, "", 1, unless_quick(tries));
    time_wakes(sleeper, "_1cpu", 0, unless_quick(tries));
}
