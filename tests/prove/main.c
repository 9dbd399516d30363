/* SPDX-License-Identifier: MIT */

/*
 * prove [SEEDS [FIRST]]          runs so many, from that one
 * prove -r SEED[:SCHEDULE:KEEP]  runs one, and prints what happens
 *
 * QUICK=1 in the environment ends it after 40 seconds, QUICK=n after n.
 */

#include "schedule.h"

#include "coroutine.h"
#include "scenarios.h"
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Shared with the processes that run, since they may die of it. */
static struct shared {
    struct run run; /* the one that runs, or ran last */
    uint64_t count;
    uint64_t steps;
    uint64_t arms[ARM_COUNT];
    char said[160]; /* by fail() */
} * shared;

static bool is_quiet; /* a failure is only to be known of */
static unsigned trace_length = 60;

enum { ALL_OF_IT = 4000, QUICK_SECONDS = 40, HANGS = 20, SCHEDULES = 40 };

_Noreturn void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(shared->said, sizeof shared->said, format, args);
    va_end(args);
    if (!is_quiet) {
        trace_print(trace_length);
        fprintf(stderr, "T%d: %s\n", schedule_self(), shared->said);
    }
    _exit(1);
}

static void run_one(struct run run)
{
    shared->run = run;
    scenario_run(&run);
    ++shared->count;
    shared->steps += schedule_steps();
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Runs `body` in a process of its own: true if it went well. */
static bool survives(void (*body)(void *arg), void *arg)
{
    pid_t child = fork();
    if (child == 0) {
        if (is_quiet && freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        body(arg);
        fflush(stdout);
        _exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        continue;
    return status == 0;
}

/* --- Shrinking ---------------------------------------------------------- */

static void try_schedules(void *arg)
{
    struct run run = *(struct run *)arg;
    alarm(HANGS);
    for (unsigned i = 0; i < SCHEDULES; ++i, ++run.schedule)
        run_one(run);
}

/* Leaves out whatever is not needed for it to fail. */
static struct run shrink(struct run run)
{
    unsigned length = scenario_length(run.seed);
    bool is_smaller = true;
    run.keep &= (UINT64_C(1) << length) - 1;
    while (is_smaller) {
        is_smaller = false;
        for (unsigned i = 0; i < length; ++i) {
            struct run less = run;
            less.keep &= ~(UINT64_C(1) << i);
            if (less.keep == run.keep || survives(try_schedules, &less))
                continue;
            run = shared->run;
            is_smaller = true;
        }
    }
    is_quiet = false;
    return run;
}

static void replay(void *arg)
{
    alarm(HANGS);
    run_one(*(struct run *)arg);
    fprintf(stderr, "went well, in %lu steps\n", schedule_steps());
    trace_print(trace_length);
}

static void report(const char *program, struct run run)
{
    fflush(stdout);
    struct run less = shrink(run);
    fprintf(stderr, "\nas it was found: %s -r %" PRIu64 "\n", program,
            run.seed);
    fprintf(stderr,
            "shrunk:          %s -r %" PRIu64 ":%" PRIu64 ":%" PRIx64 "\n\n",
            program, less.seed, less.schedule, less.keep);
    trace_length = ALL_OF_IT;
    survives(replay, &less);
}

/* --- Many --------------------------------------------------------------- */

struct many {
    uint64_t from, to;
    double end; /* 0: none */
};

static void run_many(void *arg)
{
    const struct many *many = arg;
    for (uint64_t seed = many->from; seed < many->to; ++seed) {
        if (seed % 64 == 0)
            alarm(HANGS);
        if (seed % 64 == 0 && many->end != 0 && seconds() > many->end)
            return;
        run_one((struct run){seed, 0, UINT64_MAX});
    }
}

static const char *const arm_names[] = {
#define ARM_STRING(name) #name,
    ARMS(ARM_STRING)};

/* An arm must be hit once in so many seeds. */
static bool print_arms(void)
{
    enum { SEEDS_PER_HIT = 4000 };
    uint64_t least = shared->count / SEEDS_PER_HIT;
    bool all = true;
    for (unsigned i = 0; i < ARM_COUNT; ++i) {
        bool enough = shared->arms[i] >= least;
        printf("%10" PRIu64 "  %s%s\n", shared->arms[i], arm_names[i],
               enough ? "" : "  TOO FEW");
        all &= enough;
    }
    return all;
}

static int prove(const char *program, uint64_t count, uint64_t first)
{
    const char *quick = getenv("QUICK");
    double begin = seconds();
    struct many many = {first, first + count, 0};
    int seconds_left = quick != NULL ? atoi(quick) : 0;
    if (seconds_left > 0)
        many.end = begin + (seconds_left == 1 ? QUICK_SECONDS : seconds_left);
    is_quiet = true;
    if (!survives(run_many, &many)) {
        printf("found: seed %" PRIu64 " (%s): %s\n", shared->run.seed,
               scenario_name(shared->run.seed),
               shared->said[0] != '\0' ? shared->said : "it crashed, or hung");
        if (getenv("PROVE_BRIEFLY") == NULL)
            report(program, shared->run);
        return 1;
    }
    double took = seconds() - begin;
    bool all = print_arms();
    printf("%" PRIu64 " seeds, %" PRIu64
           " steps, %.1f s, %.0f seeds a second\n",
           shared->count, shared->steps, took, (double)shared->count / took);
    return all ? 0 : 1;
}

int main(int argc, char **argv)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    arms = shared->arms;
    coroutine_setup();
    seams_install();
    if (argc > 2 && strcmp(argv[1], "-r") == 0) {
        struct run run = {.keep = UINT64_MAX};
        sscanf(argv[2], "%" SCNu64 ":%" SCNu64 ":%" SCNx64, &run.seed,
               &run.schedule, &run.keep);
        trace_length = ALL_OF_IT;
        return survives(replay, &run) ? 0 : 1;
    }
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    return prove(argv[0], count, first);
}
