/* SPDX-License-Identifier: MIT */
#ifndef TESTS_STRESS_H
#define TESTS_STRESS_H

#include "crowd.h"
#include "race.h"

#include <inttypes.h>

/*
 * The races of the core, over and over, and what each of them came to, counted:
 * a race that always ends in one way was none.  At the library's delay points a
 * thread may yield or spin, by chance, so that rare ways are common.
 *
 *     STRESS=1000000 seam_stress_watch  so many rounds of each
 */

enum {
    ARMS = 4,
    LEAST = 2000, /* of a long run: an outcome is met once in so many rounds */
};

struct stress {
    const char *arms[ARMS];
    void (*prepare)(void);
    void (*left)(void);
    void (*right)(void);
    int (*check)(void); /* which arm; negative: a promise is broken */
};

static const struct stress *now_run;
static uint64_t hits[ARMS];
static int broken;

/* What a round is about; each test uses what it needs. */
static struct {
    belay_ctx *parent;
    belay_ctx *ctx;
    const belay_ctx *kept;
    struct belay_watch watch;
    struct belay_after *after;
    atomic_int told;
    int plain; /* written by the canceler, before it cancels */
    int seen;  /* by whoever was told */
    bool taken, won[2], slept, again;
    int result;
} s;

/* --- Chance ------------------------------------------------------------- */

static _Thread_local uint32_t dice;
static _Thread_local int sleeps;
static struct belay__seams real;

static inline uint32_t roll(void)
{
    static atomic_uint threads;
    if (dice == 0)
        dice = 0x9E3779B9U * (atomic_fetch_add(&threads, 1) + 1);
    dice ^= dice << 13;
    dice ^= dice >> 17;
    dice ^= dice << 5;
    return dice;
}

static inline void wobble(const char *place)
{
    (void)place;
    uint32_t chance = roll();
    if (chance % 16 == 0)
        sched_yield();
    else if (chance % 4 == 1)
        spin((int)(chance >> 8) % 400);
}

static inline int count_sleeps(atomic_int *word, int expected, belay_time until)
{
    ++sleeps;
    return real.wait(word, expected, until);
}

/* --- A run -------------------------------------------------------------- */

static inline void prepare(void *arg)
{
    (void)arg;
    memset(&s, 0, sizeof s);
    now_run->prepare();
}

static inline void left(void *arg)
{
    (void)arg;
    now_run->left();
}

static inline void right(void *arg)
{
    (void)arg;
    now_run->right();
}

static inline void check(void *arg)
{
    (void)arg;
    int arm = now_run->check();
    if (arm < 0)
        broken = -arm;
    else
        ++hits[arm];
    CHECK(broken == 0);
}

static inline void run(const struct stress *stress)
{
    const char *asked = getenv("STRESS");
    int rounds = asked != NULL ? atoi(asked) : SANITIZED ? 2000 : 4000;
    now_run = stress;
    memset(hits, 0, sizeof hits);
    run_race((struct race){prepare, left, right, check, NULL}, rounds);
    for (int i = 0; i < ARMS && stress->arms[i] != NULL; ++i) {
        print_message("%12" PRIu64 "  %s\n", hits[i], stress->arms[i]);
        CHECK(hits[i] > (uint64_t)rounds / LEAST / 2);
    }
}

#define MUST(claim) \
    do { \
        if (!(claim)) \
            return -__LINE__; \
    } while (0)

/* --- What races are made of ---------------------------------------------- */

static inline void count_told(void *arg, int err)
{
    (void)arg;
    (void)err;
    wobble("fn");
    atomic_fetch_add(&s.told, 1);
}

/* By a canceler that has written before. */
static inline void be_told(void *arg, int err)
{
    s.seen = s.plain;
    count_told(arg, err);
}

static inline void cancel(void)
{
    s.plain = 1;
    s.won[1] = belay_cancel_cause(s.ctx, -EPIPE, "right");
}

static inline void prepare_parent(void)
{
    s.ctx = belay_with_cancel(NULL);
}

static inline int run_stress(const struct CMUnitTest *tests, size_t count)
{
    if (getenv("STRESS") == NULL)
        watchdog();
    real = belay__seams;
    belay__seams.delay = wobble;
    belay__seams.wait = count_sleeps;
    belay__seams.cpu = fake_cpu;
    return _cmocka_run_group_tests("stress", tests, count, NULL, NULL);
}

#endif
