/* SPDX-License-Identifier: MIT */
#ifndef TESTS_POSTGRES_H
#define TESTS_POSTGRES_H

/*
 * What the tests of the adapter for libpq start from: a PostgreSQL of their
 * own, and words to look at it.  A program says 77 where there is none.
 */

#include "check.h"

#include "postgres_server.h"

#include <belay/pq.h>

static struct postgres postgres;

/* Runs for an hour, if nobody stops it. */
#define ENDLESS "SELECT pg_sleep(3600)"

static inline void postgres_start(const char *mode)
{
    watchdog();
    int err = start_server(&postgres, mode);
    if (err != 0)
        exit(err);
}

static inline int postgres_stop(void)
{
    return stop_server(&postgres);
}

/* The main() of a program that needs one. */
#define RUN_WITH_POSTGRES(mode, tests) \
    postgres_start(mode); \
    int failed = cmocka_run_group_tests(tests, NULL, NULL); \
    return postgres_stop() != 0 || failed != 0

/* --- Words --------------------------------------------------------------- */

static inline PGconn *dial(const char *conninfo)
{
    PGconn *conn;
    CHECK(belay_pq_connect(NULL, conninfo, &conn) == 0);
    CHECK(PQstatus(conn) == CONNECTION_OK);
    return conn;
}

static inline PGconn *connect_postgres(void)
{
    return dial(postgres.conninfo);
}

/* By libpq alone: the observer. */
static inline PGconn *observe(void)
{
    PGconn *conn = PQconnectdb(postgres.conninfo);
    CHECK(PQstatus(conn) == CONNECTION_OK);
    return conn;
}

/* The first field of what libpq alone gets for an answer. */
static inline int ask(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    CHECK(PQresultStatus(result) == PGRES_TUPLES_OK);
    const char *text = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "0";
    int number = *text == 't' ? 1 : atoi(text);
    PQclear(result);
    return number;
}

static inline void do_sql(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
}

static inline bool is_as_good_as_new(PGconn *conn)
{
    return PQstatus(conn) == CONNECTION_OK &&
           PQtransactionStatus(conn) == PQTRANS_IDLE &&
           ask(conn, "SELECT 4711") == 4711;
}

/* How many of ours are busy at this moment. */
#define BUSY_ONES \
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND " \
    "pid <> pg_backend_pid() AND query NOT LIKE '%pg_cancel_backend%'"

static inline void await_answer(PGconn *observer, const char *sql, int number)
{
    while (ask(observer, sql) != number)
        sched_yield();
}

/* For other threads, which may not CHECK(). */
static inline void await_work(PGconn *observer)
{
    bool is_busy = false;
    while (!is_busy) {
        PGresult *result = PQexec(observer, BUSY_ONES);
        is_busy = PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) != '0';
        PQclear(result);
    }
}

/* Cancels ctx when the server is at work. */
struct canceler {
    PGconn *observer;
    belay_ctx *ctx;
    pthread_t thread;
};

static inline void *cancel_when_busy(void *arg)
{
    struct canceler *canceler = arg;
    await_work(canceler->observer);
    belay_cancel(canceler->ctx);
    return NULL;
}

static inline void start_canceler(struct canceler *canceler)
{
    canceler->observer = observe();
    canceler->ctx = belay_with_cancel(NULL);
    canceler->thread = start(cancel_when_busy, canceler);
}

static inline void join_canceler(struct canceler *canceler)
{
    join(canceler->thread);
    belay_end(canceler->ctx);
    PQfinish(canceler->observer);
}

#endif
