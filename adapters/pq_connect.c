/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <libpq-events.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Also makes the server look every 100 ms whether we are still there: so that
 * a query does not outlive a process that was killed.  (From PostgreSQL 14.)
 */
static const char INTRODUCTION[] =
    "SELECT pg_backend_pid(), "
    "extract(epoch FROM pg_postmaster_start_time())::text, "
    "(SELECT set_config(name, '100', false) FROM pg_settings "
    "WHERE name = 'client_connection_check_interval' AND setting = '0')";

/* --- What is known of a connection --------------------------------------- */

static int on_event(PGEventId event, void *info, void *arg)
{
    (void)arg;
    if (event == PGEVT_CONNRESET) {
        PGEventConnReset *reset = info;
        struct belay__pq_link *link = belay__pq_link_of(reset->conn);
        if (link != NULL)
            link->backend = 0; /* another one, by now */
    }
    if (event == PGEVT_CONNDESTROY) {
        PGEventConnDestroy *destroy = info;
        struct belay__pq_link *link = belay__pq_link_of(destroy->conn);
        if (link != NULL)
            belay__pq_canceler_release(link->canceler);
        free(link);
    }
    return 1;
}

struct belay__pq_link *belay__pq_link_of(PGconn *conn)
{
    return PQinstanceData(conn, on_event);
}

static int attach(PGconn *conn, const char *conninfo)
{
    struct belay__pq_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return -ENOMEM;
    link->born = belay_now();
    link->canceler = belay__pq_canceler_for(conninfo);
    if (link->canceler == NULL) {
        free(link);
        return -ENOMEM;
    }
    if (!PQregisterEventProc(conn, on_event, "belay", NULL)) {
        belay__pq_canceler_release(link->canceler);
        free(link);
        return -ENOMEM;
    }
    PQsetInstanceData(conn, on_event, link);
    return 0;
}

/* --- Connecting ---------------------------------------------------------- */

bool belay__pq_is_alive(PGconn *conn)
{
    struct pollfd fd = {PQsocket(conn), POLLIN, 0};
    while (PQsocket(conn) >= 0 && belay_poll(NULL, &fd, 1, 0) > 0)
        if (PQconsumeInput(conn) == 0)
            return false;
    return PQstatus(conn) == CONNECTION_OK;
}

int belay__pq_dial(const belay_ctx *ctx, const char *conninfo,
                   const char *application, PGconn **ret_conn)
{
    /* A peer that is gone is noticed within two minutes, if nothing else is
       said in conninfo, which is expanded where it stands. */
    const char *names[] = {"keepalives_idle",
                           "keepalives_interval",
                           "keepalives_count",
                           "tcp_user_timeout",
                           "dbname",
                           "application_name",
                           NULL};
    const char *values[] = {"60",     "15",        "4", "120000",
                            conninfo, application, NULL};
    PGconn *conn = PQconnectStartParams(names, values, 1);
    if (conn == NULL)
        return -ENOMEM;

    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (PQstatus(conn) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
        struct pollfd fd = {PQsocket(conn), POLLIN, 0};
        if (next == PGRES_POLLING_WRITING)
            fd.events = POLLOUT;
        int ready = belay_poll(ctx, &fd, 1, -1);
        if (ready < 0) {
            PQfinish(conn);
            return ready;
        }
        next = PQconnectPoll(conn);
    }
    *ret_conn = conn;
    return 0;
}

/* Where the number is not the server's, a proxy has made it up. */
static int introduce(const belay_ctx *ctx, PGconn *conn)
{
    struct belay__pq_link *link = belay__pq_link_of(conn);
    PGresult *result;
    int err = belay_pq_exec(ctx, conn, INTRODUCTION, &result);
    if (err != 0)
        return err;
    if (PQntuples(result) == 1) {
        const char *server = PQgetvalue(result, 0, 1);
        int backend = atoi(PQgetvalue(result, 0, 0));
        if (backend == PQbackendPID(conn) &&
            server[strspn(server, "0123456789.")] == '\0') {
            snprintf(link->server, sizeof link->server, "%s", server);
            link->backend = backend;
        }
    }
    PQclear(result);
    if (link->backend != 0)
        belay__pq_canceler_warm(link->canceler, ctx);
    return belay_err(ctx);
}

static int get_through(const belay_ctx *ctx, const char *conninfo,
                       PGconn **ret_conn)
{
    PGconn *conn;
    int err = belay__pq_dial(ctx, conninfo, NULL, &conn);
    if (err != 0)
        return err;
    if (PQstatus(conn) == CONNECTION_OK) {
        err = attach(conn, conninfo);
        if (err == 0)
            err = introduce(ctx, conn);
    }
    if (err != 0)
        PQfinish(conn);
    else
        *ret_conn = conn;
    return err;
}

int belay_pq_connect(const belay_ctx *ctx, const char *conninfo,
                     PGconn **ret_conn)
{
    *ret_conn = NULL;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    err = get_through(ctx, conninfo, ret_conn);
    pthread_setcancelstate(cancel_state, NULL);
    return err;
}
