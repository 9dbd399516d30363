/* SPDX-License-Identifier: MIT */

/*
 * p1: what a statement costs, and how soon a canceled one has returned.
 *
 * The peer says how to connect, execute and cancel.  The server is one of our
 * own; where PostgreSQL is not installed there is no figure.
 */

#include "../bench.h"

#include "../../tests/postgres_server.h"

#include <libpq-fe.h>

static PGconn *start_conn(const char *conninfo);
static void exec_text(PGconn *conn, const char *sql);
static void exec_params(PGconn *conn, const char *sql);
static void exec_params_in_time(PGconn *conn, const char *sql);

/* cancel() is called on another thread, while exec_endless() is under way. */
static void get_ready(void);
static void cancel(PGconn *conn);
static void exec_endless(PGconn *conn, const char *sql);

static void time_statements(const char *stem, PGconn *conn, size_t n,
                            void (*exec)(PGconn *conn, const char *sql))
{
    int64_t *took = (int64_t *)touched(n, sizeof *took);
    for (size_t i = 0; i < n; ++i) {
        int64_t begin = wall_ns();
        exec(conn, "SELECT 1");
        took[i] = wall_ns() - begin;
    }
    report_spread(stem, "us", took, n, 1000);
    free(took);
}

struct canceling {
    PGconn *conn;
    int64_t begin;
};

static void *cancel_soon(void *arg)
{
    struct canceling *canceling = (struct canceling *)arg;
    sleep_for(5000000);
    canceling->begin = wall_ns();
    cancel(canceling->conn);
    return NULL;
}

static void time_cancels(PGconn *conn, size_t n)
{
    int64_t *took = (int64_t *)touched(n, sizeof *took);
    for (size_t i = 0; i < n; ++i) {
        struct canceling canceling = {conn, 0};
        pthread_t thread;
        get_ready();
        if (pthread_create(&thread, NULL, cancel_soon, &canceling) != 0)
            abort();
        exec_endless(conn, "SELECT pg_sleep(60)");
        took[i] = wall_ns() - canceling.begin;
        pthread_join(thread, NULL);
    }
    report_spread("p1.pq.cancel", "us", took, n, 1000);
    free(took);
}

static void ask_pq(size_t n)
{
    struct postgres server;
    if (start_server(&server, "plain") != 0)
        return;
    PGconn *conn = start_conn(server.conninfo);
    n = unless_quick(n);
    time_statements("p1.pq.exec", conn, n, exec_text);
    time_statements("p1.pq.params", conn, n, exec_params);
    time_statements("p1.pq.params_in_time", conn, n, exec_params_in_time);
    time_cancels(conn, n / 50);
    PQfinish(conn);
    stop_server(&server);
}
