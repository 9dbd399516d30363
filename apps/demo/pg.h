/* SPDX-License-Identifier: MIT */
#ifndef DEMO_PG_H
#define DEMO_PG_H

/* The database, if it is a PostgreSQL: asked over a pool of connections. */

#include "parts.h"

/*
 * Connects, and finds out how fast it is.  0, or a negative errno after a
 * message; -ENOTSUP: built without libpq.
 */
int pg_open(const char *conninfo);
void pg_close(void);

bool pg_is_open(void);

/* In the place of part_of_database(). */
int part_of_postgres(const belay_ctx *ctx, void *job);

#endif
