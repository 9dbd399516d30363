/* SPDX-License-Identifier: MIT */
#ifndef TESTS_POSTGRES_POOL_H
#define TESTS_POSTGRES_POOL_H

#include "postgres.h"

static inline struct belay_pq_pool *open_pool(int max_open, int max_idle)
{
    const struct belay_pq_limits limits = {.max_open = max_open,
                                           .max_idle = max_idle};
    struct belay_pq_pool *pool = belay_pq_pool_open(postgres.conninfo, &limits);
    CHECK(pool != NULL);
    return pool;
}

static inline PGconn *acquire(struct belay_pq_pool *pool)
{
    PGconn *conn;
    CHECK(belay_pq_pool_acquire(NULL, pool, &conn) == 0);
    CHECK(PQstatus(conn) == CONNECTION_OK);
    return conn;
}

/* Takes one, and gives it back; says which one it was. */
static inline int visit(struct belay_pq_pool *pool)
{
    PGconn *conn = acquire(pool);
    int pid = PQbackendPID(conn);
    belay_pq_pool_release(pool, conn);
    return pid;
}

static inline void terminate(int pid)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)", pid);
    PGconn *observer = observe();
    CHECK(ask(observer, sql) == 1);
    PQfinish(observer);
}

#endif
