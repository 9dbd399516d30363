/* SPDX-License-Identifier: MIT */

/* s14: short jobs, many in a group and few. */

#include "belay_node.h"

#include <belay/group.h>

static int work(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    __atomic_fetch_add((size_t *)arg, 1, __ATOMIC_RELAXED);
    return 0;
}

static void time_groups(const char *stem, const struct belay_group_rules *rules,
                        size_t groups, size_t jobs)
{
    size_t done = 0;
    int64_t begin = wall_ns();
    int64_t cpu = process_cpu_ns();
    for (size_t i = 0; i < groups; ++i) {
        belay_group *group = belay_group_start(NULL, rules);
        for (size_t k = 0; k < jobs; ++k)
            belay_group_go(group, work, &done);
        belay_group_wait(group);
        belay_group_end(group);
    }
    double count = (double)(groups * jobs);
    int64_t wall = wall_ns() - begin;
    int64_t spent = process_cpu_ns() - cpu;
    if (done != groups * jobs)
        abort();
    report(stem, "ns", (double)wall / count);
    report(key_of(stem, ".cpu"), "ns", (double)spent / count);
}

static void ask_jobs(size_t n)
{
    const struct belay_group_rules two = {.limit = 2};
    const struct belay_group_rules queue = {.limit = 2, .queue = 1000};
    time_groups("s14.jobs", NULL, 1, n);
    time_groups("s14.limit", &two, 1, n);
    time_groups("s14.queue", &queue, 1, n);
}

static void ask_small(size_t n)
{
    time_groups("s14.small", NULL, unless_quick(n), 3);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s14.jobs", ask_jobs, 100000},
        {"s14.small", ask_small, 5000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
