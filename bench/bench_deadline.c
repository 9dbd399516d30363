/* SPDX-License-Identifier: MIT */

/* s10: lateness of deadlines, and a program that has only to wait. */

#include "belay_node.h"
#include "questions/late.h"

static const int64_t FAR = 2 * BELAY_HOUR;

/* --- Lateness ------------------------------------------------------------- */

static void note(void *number, int err)
{
    (void)err;
    note_late((size_t)(uintptr_t)number);
}

static void time_late(const char *key)
{
    static struct belay_watch watches[LATE_COUNT];
    static node *nodes[LATE_COUNT];
    node *root = make_root();
    plan_late();
    for (size_t i = 0; i < LATE_COUNT; ++i) {
        nodes[i] = belay_with_deadline(root, late_due[i]);
        if (!belay_watch(nodes[i], &watches[i], note, (void *)(uintptr_t)i))
            abort();
    }
    report_late(key);
    for (size_t i = 0; i < LATE_COUNT; ++i)
        belay_end(nodes[i]);
    belay_end(root);
}

static void ask_late(size_t n)
{
    (void)n;
    time_late("s10.late_10k");
}

static void ask_late_with_slack(size_t n)
{
    (void)n;
    belay_clock_slack(BELAY_MILLISECOND);
    time_late("s10.late_10k_slack");
}

/* --- Idleness ------------------------------------------------------------- */

static void *wait_for(void *ctx)
{
    belay_wait((const belay_ctx *)ctx);
    return NULL;
}

/* As many as the machine bears; returns how many those are. */
static size_t start_waiters(pthread_t *threads, size_t wanted, belay_ctx *ctx)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    pthread_attr_setguardsize(&small, 0);
    size_t count = 0;
    while (count < wanted &&
           pthread_create(&threads[count], &small, wait_for, ctx) == 0)
        ++count;
    pthread_attr_destroy(&small);
    return count;
}

/* The own one first: adding up the threads of a process takes its time. */
static int64_t cpu_of_the_others(void)
{
    int64_t own = cpu_ns();
    return process_cpu_ns() - own;
}

/* Wake-ups and CPU of all threads but this one, which sleeps and counts. */
static void report_idle_second(void)
{
    struct rusage all[2];
    struct rusage own[2];
    int64_t cpu = cpu_of_the_others();
    getrusage(RUSAGE_SELF, &all[0]);
    getrusage(RUSAGE_THREAD, &own[0]);
    sleep_for(BELAY_SECOND);
    getrusage(RUSAGE_SELF, &all[1]);
    getrusage(RUSAGE_THREAD, &own[1]);
    cpu = cpu_of_the_others() - cpu;

    long wakes =
        all[1].ru_nvcsw - all[0].ru_nvcsw - (own[1].ru_nvcsw - own[0].ru_nvcsw);
    report("s10.idle.wakeups", "/s", (double)wakes);
    report("s10.idle.cpu", "us", cpu < 0 ? 0 : (double)cpu / 1000);
}

static void ask_idle(size_t wanted)
{
    enum { DEADLINES = 1000000 };
    wanted = unless_quick(wanted);
    node **nodes = touched(DEADLINES, sizeof *nodes);
    pthread_t *threads = touched(wanted, sizeof *threads);
    node *root = make_root();
    for (int i = 0; i < DEADLINES; ++i)
        nodes[i] = belay_with_timeout(root, FAR + i);
    size_t waiters = start_waiters(threads, wanted, root);
    sleep_for(500 * BELAY_MILLISECOND);

    report("s10.idle.waiters", "count", (double)waiters);
    report_idle_second();

    belay_cancel(root);
    for (size_t i = 0; i < waiters; ++i)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < DEADLINES; ++i)
        belay_end(nodes[i]);
    belay_end(root);
    free(threads);
    free(nodes);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s10.late", ask_late, 0},
        {"s10.late_slack", ask_late_with_slack, 0},
        {"s10.idle", ask_idle, 100000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
