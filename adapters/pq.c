/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <stdio.h>
#include <string.h>

/* --- What an answer means ------------------------------------------------ */

static bool was_canceled(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return PQresultStatus(result) == PGRES_PIPELINE_ABORTED ||
           (state != NULL && strcmp(state, "57014") == 0);
}

/*
 * What has failed because ctx ended is told as that.  Everything else is the
 * server's answer, also if ctx has ended meanwhile: it is what happened.  Of a
 * lost connection no answer counts: it may be one of several, or half of one.
 */
static int report(const struct belay__pq_flight *flight, PGresult *result,
                  PGresult **ret_result)
{
    PGconn *conn = flight->conn;
    int err = flight->err != 0 ? flight->err : belay_err(flight->ctx);
    if (err == 0 && was_canceled(result) && belay_remaining(flight->ctx) == 0)
        err = belay_wait(flight->ctx); /* the server's clock was faster */
    bool is_lost = PQstatus(conn) != CONNECTION_OK;
    if (err != 0 && (is_lost || was_canceled(result))) {
        PQclear(result);
        return err;
    }
    if (is_lost && PQresultStatus(result) != PGRES_FATAL_ERROR) {
        PQclear(result);
        result = NULL;
    }
    if (result == NULL)
        result = PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
    *ret_result = result;
    return result != NULL ? 0 : -ENOMEM;
}

/* --- Executing ----------------------------------------------------------- */

/* Has libpq say so where it is in no state to execute. */
static bool can_execute(PGconn *conn)
{
    if (PQpipelineStatus(conn) == PQ_PIPELINE_OFF)
        return true;
    PQclear(PQexec(conn, ""));
    return false;
}

/*
 * Puts what time is left before the statement, in the same flight, so that the
 * server gives up by itself if nobody can tell it.  Being local, the limit is
 * gone with the statement.  A transaction has its own, from its beginning.
 */
static bool put_limit(struct belay__pq_flight *flight)
{
    PGconn *conn = flight->conn;
    char sql[BELAY__PQ_LIMIT_SIZE];
    if (PQtransactionStatus(conn) != PQTRANS_IDLE ||
        !belay__pq_write_limit(flight->ctx, sql) ||
        PQenterPipelineMode(conn) != 1)
        return false;
    PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);
    return true;
}

static int bring_back(struct belay__pq_flight *flight, bool is_sent,
                      bool is_limited, PGresult **ret_result)
{
    PGconn *conn = flight->conn;
    PGresult *result = NULL;
    if (!is_sent)
        result = PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
    if (is_limited)
        PQpipelineSync(conn);
    if (is_sent)
        result = belay__pq_collect(flight);
    if (is_limited || flight->err != 0)
        belay__pq_drain(flight);
    if (is_limited)
        PQexitPipelineMode(conn);
    belay__pq_land(flight);
    return report(flight, result, ret_result);
}

int belay_pq_exec(const belay_ctx *ctx, PGconn *conn, const char *command,
                  PGresult **ret_result)
{
    *ret_result = NULL;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    bool is_sent = can_execute(conn) && PQsendQuery(conn, command) == 1;
    return bring_back(&flight, is_sent, false, ret_result);
}

int belay_pq_exec_params(const belay_ctx *ctx, PGconn *conn,
                         const char *command, int count, const Oid *types,
                         const char *const *values, const int *lengths,
                         const int *formats, int result_format,
                         PGresult **ret_result)
{
    *ret_result = NULL;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    bool can = can_execute(conn);
    bool is_limited = can && put_limit(&flight);
    bool is_sent =
        can && PQsendQueryParams(conn, command, count, types, values, lengths,
                                 formats, result_format) == 1;
    return bring_back(&flight, is_sent, is_limited, ret_result);
}

int belay_pq_prepare(const belay_ctx *ctx, PGconn *conn, const char *name,
                     const char *command, int count, const Oid *types,
                     PGresult **ret_result)
{
    *ret_result = NULL;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    bool is_sent = can_execute(conn) &&
                   PQsendPrepare(conn, name, command, count, types) == 1;
    return bring_back(&flight, is_sent, false, ret_result);
}

int belay_pq_exec_prepared(const belay_ctx *ctx, PGconn *conn, const char *name,
                           int count, const char *const *values,
                           const int *lengths, const int *formats,
                           int result_format, PGresult **ret_result)
{
    *ret_result = NULL;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    bool can = can_execute(conn);
    bool is_limited = can && put_limit(&flight);
    bool is_sent =
        can && PQsendQueryPrepared(conn, name, count, values, lengths, formats,
                                   result_format) == 1;
    return bring_back(&flight, is_sent, is_limited, ret_result);
}

/* --- Result by result ---------------------------------------------------- */

int belay_pq_get_result(const belay_ctx *ctx, PGconn *conn,
                        PGresult **ret_result)
{
    *ret_result = NULL;
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    if (belay__pq_is_under_way(conn)) {
        flight.err = belay_err(ctx);
        if (flight.err != 0)
            belay__pq_stop(&flight);
        else
            belay__pq_await(&flight);
    }
    if (flight.err != 0)
        belay__pq_abandon(&flight);
    else
        *ret_result = PQgetResult(conn);
    belay__pq_land(&flight);
    return flight.err;
}
