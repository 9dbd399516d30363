/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The server's own limit comes after ours: it is for when we cannot speak. */
#define SLACK (50 * BELAY_MILLISECOND)

/* A stricter limit of the role or the session stays.  Not SET LOCAL, which
   warns where there is no transaction block. */
static const char LIMIT[] =
    "SELECT set_config('statement_timeout', '%d', true) "
    "WHERE current_setting('statement_timeout') = '0' OR "
    "current_setting('statement_timeout')::interval > interval '%d ms'";

bool belay__pq_write_limit(const belay_ctx *ctx, char *sql)
{
    belay_time when;
    if (!belay_deadline(ctx, &when))
        return false;
    belay_duration left = (belay_remaining(ctx) + SLACK) / BELAY_MILLISECOND;
    int ms = left < INT_MAX ? (int)left : INT_MAX;
    snprintf(sql, BELAY__PQ_LIMIT_SIZE, LIMIT, ms, ms);
    return true;
}

int belay_pq_begin(const belay_ctx *ctx, PGconn *conn)
{
    char sql[sizeof "BEGIN; " + BELAY__PQ_LIMIT_SIZE] = "BEGIN; ";
    belay__pq_write_limit(ctx, sql + strlen(sql));

    PGresult *result;
    int err = belay_pq_exec(ctx, conn, sql, &result);
    if (err == 0 && PQresultStatus(result) == PGRES_FATAL_ERROR)
        err = BELAY_PQ_REFUSED;
    PQclear(result);
    return err;
}

/*
 * A COMMIT is never canceled: a cancel would end the wait for a synchronous
 * standby, and have that reported as committed which may yet be lost.
 */
int belay_pq_commit(const belay_ctx *ctx, PGconn *conn)
{
    int err = belay_err(ctx);
    if (err != 0) {
        belay_pq_rollback(conn);
        return err;
    }
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    flight.end = belay__pq_let_run_out;
    bool is_sent = PQsendQuery(conn, "COMMIT") == 1;
    PGresult *result = is_sent ? belay__pq_collect(&flight) : NULL;
    belay__pq_land(&flight);

    /* Where a statement has failed, it says ROLLBACK, and that all is well. */
    bool is_committed = PQresultStatus(result) == PGRES_COMMAND_OK &&
                        strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    if (is_sent && PQstatus(conn) != CONNECTION_OK)
        return BELAY_PQ_IN_DOUBT;
    return is_committed ? 0 : BELAY_PQ_REFUSED;
}

static bool is_in_transaction(PGconn *conn)
{
    PGTransactionStatusType status = PQtransactionStatus(conn);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

void belay_pq_rollback(PGconn *conn)
{
    struct belay__pq_flight flight = belay__pq_take_off(NULL, conn);
    if (belay__pq_is_under_way(conn)) {
        belay__pq_stop(&flight);
        belay__pq_abandon(&flight);
    }
    PQexitPipelineMode(conn);
    if (is_in_transaction(conn)) {
        belay__pq_let_run_out(&flight);
        if (PQsendQuery(conn, "ROLLBACK") == 1)
            belay__pq_drain(&flight);
    }
    if (PQtransactionStatus(conn) != PQTRANS_IDLE)
        belay__pq_close(conn);
    belay__pq_land(&flight);
}
