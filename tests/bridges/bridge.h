/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BRIDGES_BRIDGE_H
#define TESTS_BRIDGES_BRIDGE_H

#include "../check.h"

#include <belay/belay.h>

/*
 * A test of a bridge includes the example, which is what is tested, and prints
 * a row, of which tools/matrix makes docs/matrix.md.
 */

/* What stands in a row; no text has a '|'. */
struct row {
    const char *library;
    const char *version;
    const char *shape;   /* asks, is told, waits on a descriptor, both ways */
    const char *kick;    /* who kicks whom, or who asks */
    const char *beyond;  /* what it cannot stop */
    const char *instead; /* what to do then */
};

/* Long enough for the work to begin, which no test depends on. */
static inline belay_ctx *soon(void)
{
    return belay_with_timeout(NULL, 50 * BELAY_MILLISECOND);
}

static inline belay_ctx *already(void)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);
    return ctx;
}

/* How long ago ctx ended: for information, no test depends on it. */
static inline belay_duration since_end(const belay_ctx *ctx)
{
    return belay_now() - belay_cause(ctx)->when;
}

static inline void print_row(const struct row *row, belay_duration within)
{
    double ms = (double)within / (double)BELAY_MILLISECOND;
    printf("matrix|%s|%s|%s|%s|%.*f ms|%s|%s\n", row->library, row->version,
           row->shape, row->kick, ms < 10 ? 2 : 0, ms, row->beyond,
           row->instead);
}

#endif
