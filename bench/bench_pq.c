/* SPDX-License-Identifier: MIT */

/* p1: libpq with a context. */

#define PEER "belay"
#include "questions/pq.h"

#include <belay/pq.h>

static belay_ctx *live;
static belay_ctx *in_time;
static belay_ctx *endless;

static PGconn *start_conn(const char *conninfo)
{
    PGconn *conn;
    live = belay_with_cancel(NULL);
    in_time = belay_with_timeout(live, BELAY_HOUR);
    if (belay_pq_connect(live, conninfo, &conn) != 0)
        abort();
    return conn;
}

static void exec_text(PGconn *conn, const char *sql)
{
    PGresult *result;
    if (belay_pq_exec(live, conn, sql, &result) != 0)
        abort();
    PQclear(result);
}

static void exec_under(const belay_ctx *ctx, PGconn *conn, const char *sql)
{
    PGresult *result;
    if (belay_pq_exec_params(ctx, conn, sql, 0, NULL, NULL, NULL, NULL, 0,
                             &result) != 0)
        abort();
    PQclear(result);
}

static void exec_params(PGconn *conn, const char *sql)
{
    exec_under(live, conn, sql);
}

static void exec_params_in_time(PGconn *conn, const char *sql)
{
    exec_under(in_time, conn, sql);
}

static void get_ready(void)
{
    if (endless != NULL)
        belay_end(endless);
    endless = belay_with_cancel(live);
}

static void cancel(PGconn *conn)
{
    (void)conn;
    belay_cancel(endless);
}

static void exec_endless(PGconn *conn, const char *sql)
{
    PGresult *result;
    if (belay_pq_exec(endless, conn, sql, &result) != BELAY_CANCELED)
        abort();
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {{"p1.pq", ask_pq, 10000}};
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", BELAY_VERSION_MAJOR,
             BELAY_VERSION_MINOR, BELAY_VERSION_PATCH);
    return ANSWER(argc, argv, version, questions);
}
