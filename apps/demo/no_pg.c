/* SPDX-License-Identifier: MIT */

/* In the place of pg.c, where there is no libpq. */

#include "pg.h"

#include <stdio.h>

int pg_open(const char *conninfo)
{
    (void)conninfo;
    fputs("belay-demo: built without libpq, which --pg needs\n", stderr);
    return -ENOTSUP;
}

void pg_close(void)
{
}

bool pg_is_open(void)
{
    return false;
}

int part_of_postgres(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return -ENOTSUP;
}
