/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/*
 * What every program here shares: clocks, the line that reports, and main().
 *
 *     program list        the questions it answers, one per line
 *     program about       "peer<TAB>version"
 *     program <question>  measures once: lines
 * "key<TAB>peer<TAB>unit<TAB>value"
 *
 * One process measures one question once, so that no question inherits the
 * heap of another; bench/run interleaves the processes.  C11 and C++20.
 * A program defines PEER before it includes this.
 */

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* --- Clocks ------------------------------------------------------------- */

static inline int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t wall_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static inline int64_t cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static inline int64_t process_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void sleep_until(int64_t when)
{
    struct timespec until;
    until.tv_sec = (time_t)(when / 1000000000);
    until.tv_nsec = (long)(when % 1000000000);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        ;
}

static inline void sleep_for(int64_t duration)
{
    sleep_until(wall_ns() + duration);
}

/* CPU time of this thread, summed over laps, less what reading it costs. */
struct lap {
    int64_t total;
    int64_t since;
};

static int64_t cost_of_reading;

static inline void find_cost_of_reading(void)
{
    enum { READINGS = 2000 };
    int64_t begin = cpu_ns();
    for (int i = 0; i < READINGS; ++i)
        cpu_ns();
    cost_of_reading = (cpu_ns() - begin) / READINGS;
}

static inline void lap_begin(struct lap *lap)
{
    lap->since = cpu_ns();
}

static inline void lap_end(struct lap *lap)
{
    lap->total += cpu_ns() - lap->since - cost_of_reading;
}

/* --- Reporting ---------------------------------------------------------- */

static inline void report(const char *key, const char *unit, double value)
{
    printf("%s\t%s\t%s\t%.3f\n", key, PEER, unit, value);
}

static inline void report_lap(const char *key, const struct lap *lap, size_t n)
{
    report(key, "ns", (double)lap->total / (double)n);
}

/* Joins a stem and a rest: "s4.fan" "1000" ".cancel". */
static inline const char *key_of(const char *stem, const char *rest)
{
    static char key[96];
    snprintf(key, sizeof key, "%s%s", stem, rest);
    return key;
}

static inline int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Reports the median and the 99th percentile; sorts the values. */
static inline void report_spread(const char *stem, const char *unit,
                                 int64_t *values, size_t n, double per_unit)
{
    qsort(values, n, sizeof *values, by_value);
    report(key_of(stem, ".p50"), unit, (double)values[n / 2] / per_unit);
    report(key_of(stem, ".p99"), unit, (double)values[n * 99 / 100] / per_unit);
}

/* --- The machine -------------------------------------------------------- */

static inline void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "%s: out of memory\n", PEER);
        exit(1);
    }
    return memory;
}

/* An array whose pages are all there already. */
static inline void *touched(size_t n, size_t size)
{
    void *memory = need(malloc(n * size));
    memset(memory, 1, n * size);
    return memory;
}

/* Keeps this thread on one processor; where that is not to be had, anywhere. */
static inline void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Not statm, which is off by some pages for each processor. */
static inline size_t resident_bytes(void)
{
    unsigned long kib = 0;
    char line[128];
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
    if (rollup == NULL)
        return 0;
    while (fgets(line, sizeof line, rollup) != NULL)
        if (sscanf(line, "Rss: %lu kB", &kib) == 1)
            break;
    fclose(rollup);
    return (size_t)kib * 1024;
}

/* A tenth of n in a quick run: for counts that only steady the figure. */
static inline size_t unless_quick(size_t n)
{
    const char *quick = getenv("BENCH_QUICK");
    return quick != NULL && *quick != '\0' && *quick != '0' ? n / 10 : n;
}

static void *nothing(void *arg)
{
    return arg;
}

/* Contexts are for programs with threads: a C library that has never seen one
   leaves out locks that the program would pay for. */
static inline void be_threaded(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) == 0)
        pthread_join(thread, NULL);
}

/* --- main() ------------------------------------------------------------- */

struct question {
    const char *name;
    void (*ask)(size_t n);
    size_t n;
};

static inline int answer(int argc, char **argv, const char *version,
                         const struct question *questions, size_t count)
{
    const char *asked = argc == 2 ? argv[1] : "list";
    if (strcmp(asked, "about") == 0)
        printf("%s\t%s\n", PEER, version);
    be_threaded();
    find_cost_of_reading();
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(asked, "list") == 0)
            puts(questions[i].name);
        else if (strcmp(asked, questions[i].name) == 0)
            questions[i].ask(questions[i].n);
    }
    return 0;
}

#define ANSWER(argc, argv, version, questions) \
    answer(argc, argv, version, questions, \
           sizeof(questions) / sizeof *(questions))

#endif
