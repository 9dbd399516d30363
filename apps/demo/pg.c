/* SPDX-License-Identifier: MIT */
#include "pg.h"

#include <belay/pq.h>

#include <stdio.h>
#include <stdlib.h>

/* As the one in query.c; the sales are made up on the way. */
#define QUESTION \
    "SELECT count(*), avg(abs(i * 7919 % 10007 - j * 7919 % 10007))" \
    "  FROM generate_series(1, $1::bigint) AS i," \
    "       LATERAL generate_series(i / 4000 * 4000," \
    "                               i / 4000 * 4000 + 3999) AS j"

enum { TRIAL_SALES = 400, CONNECTIONS = 16 };

static struct belay_pq_pool *pool;
static double sales_per_ms;

static int ask(const belay_ctx *ctx, PGconn *conn, int sales,
               struct answer *ret_answer)
{
    char number[16];
    snprintf(number, sizeof number, "%d", sales);
    const char *values[] = {number};
    PGresult *rows;
    int err = belay_pq_exec_params(ctx, conn, QUESTION, 1, NULL, values, NULL,
                                   NULL, 0, &rows);
    if (err != 0)
        return err;
    if (PQresultStatus(rows) == PGRES_TUPLES_OK) {
        ret_answer->pairs = atoll(PQgetvalue(rows, 0, 0));
        ret_answer->gap = strtod(PQgetvalue(rows, 0, 1), NULL);
    } else {
        fprintf(stderr, "belay-demo: %s", PQerrorMessage(conn));
        err = -EIO;
    }
    PQclear(rows);
    return err;
}

static int connect_pool(PGconn **ret_conn)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    int err = belay_pq_pool_acquire(ctx, pool, ret_conn);
    belay_end(ctx);
    if (err != 0)
        fprintf(stderr, "belay-demo: PostgreSQL: %s\n", belay_strerror(err));
    if (err == 0 && PQstatus(*ret_conn) != CONNECTION_OK) {
        fprintf(stderr, "belay-demo: %s", PQerrorMessage(*ret_conn));
        belay_pq_pool_release(pool, *ret_conn);
        err = -ECONNREFUSED;
    }
    return err;
}

int pg_open(const char *conninfo)
{
    static const struct belay_pq_limits limits = {CONNECTIONS, CONNECTIONS, 0};
    pool = belay_pq_pool_open(conninfo, &limits);
    if (pool == NULL)
        return -ENOMEM;
    PGconn *conn;
    int err = connect_pool(&conn);
    if (err == 0) {
        struct answer ignored;
        err = ask(NULL, conn, TRIAL_SALES, &ignored);
        belay_time before = belay_now();
        if (err == 0)
            err = ask(NULL, conn, TRIAL_SALES, &ignored);
        sales_per_ms = TRIAL_SALES * (double)BELAY_MILLISECOND /
                       (double)(belay_now() - before);
        belay_pq_pool_release(pool, conn);
    }
    if (err != 0)
        pg_close();
    return err;
}

void pg_close(void)
{
    belay_pq_pool_close(pool);
    pool = NULL;
}

bool pg_is_open(void)
{
    return pool != NULL;
}

/* Of the process that works for us, if it is on this machine. */
static clockid_t clock_of(const PGconn *conn)
{
    clockid_t clock;
    const char *host = PQhost(conn);
    if (host != NULL && host[0] == '/' &&
        clock_getcpuclockid(PQbackendPID(conn), &clock) == 0)
        return clock;
    pthread_getcpuclockid(pthread_self(), &clock);
    return clock;
}

int part_of_postgres(const belay_ctx *ctx, void *arg)
{
    struct job *job = arg;
    PGconn *conn;
    int err = belay_pq_pool_acquire(ctx, pool, &conn);
    if (err != 0)
        return err;
    part_begin(job->lane, DATABASE, clock_of(conn), belay_remaining(ctx));
    err = -EREMOTEIO;
    if (PQstatus(conn) == CONNECTION_OK)
        err = ask(ctx, conn, (int)(job->lane->wish.work_ms * sales_per_ms) + 1,
                  &job->answer);
    part_stop(job->lane, DATABASE, err, -1);
    belay_pq_pool_release(pool, conn);
    return err;
}
