/* SPDX-License-Identifier: MIT */
#ifndef DEMO_QUERY_H
#define DEMO_QUERY_H

/*
 * The work: a database in memory, with 200 000 sales in it, and a question
 * about them that takes as long as one wants.
 */

#include <belay/belay.h>

struct answer {
    int64_t pairs;
    double gap;
};

/* Makes the sales and finds out how fast this machine is.  0 or an errno. */
int database_open(void);
void database_close(void);

/* Returns 0, or a negative errno: belay_err(ctx) once that has ended. */
int query_run(const belay_ctx *ctx, int work_ms, struct answer *ret_answer);

#endif
