/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <stdio.h>
#include <string.h>

enum { TRACE = 1 << 12 };

static struct step {
    const char *place;
    int number;
    int thread;
} trace[TRACE];
static unsigned long steps;

void trace_step(unsigned long step, int thread, const char *place, int number)
{
    trace[step % TRACE] = (struct step){place, number, thread};
    steps = step + 1;
}

static bool is_same(const struct step *a, const struct step *b)
{
    return a->thread == b->thread && a->number == b->number &&
           strcmp(a->place, b->place) == 0;
}

void trace_print(unsigned length)
{
    unsigned long from = steps > length ? steps - length : 0;
    unsigned times = 1;
    for (unsigned long i = from; i < steps; ++i, ++times) {
        const struct step *step = &trace[i % TRACE];
        if (i + 1 < steps && is_same(step, &trace[(i + 1) % TRACE]))
            continue;
        fprintf(stderr, "%6lu  %*sT%d %s", i, 4 * step->thread, "",
                step->thread, step->place);
        if (step->number >= 0)
            fprintf(stderr, " %d", step->number);
        if (times > 1)
            fprintf(stderr, " (%u times)", times);
        fputc('\n', stderr);
        times = 0;
    }
}
