/* SPDX-License-Identifier: MIT */
#ifndef BELAY_PQ_H
#define BELAY_PQ_H

/*
 * libpq's own functions, each with a context in front, and nothing that blocks
 * longer than it lives.
 *
 *     PGresult *rows;
 *     int err = belay_pq_exec_params(ctx, conn, sql, 1, NULL, values, NULL,
 *                                    NULL, 0, &rows);
 *     if (err != 0)
 *         return err;
 *     if (PQresultStatus(rows) != PGRES_TUPLES_OK)
 *         complain(PQresultErrorMessage(rows));
 *     PQclear(rows);
 *
 * 0: PostgreSQL has had its say, whatever that was: look at PQstatus() or
 * PQresultStatus() as ever.  Negative: the context has ended, with that error,
 * or it is -ENOMEM; there is no result then.
 *
 * When a context ends in the middle, the server is told to stop, and the call
 * returns when it has: the connection is then as good as new, for another
 * context.  If that takes more than a second the connection is closed,
 * and PQstatus() is CONNECTION_BAD.  So after a negative result, a connection
 * that is CONNECTION_OK says that the statement did nothing; one that is not,
 * that nobody knows.  No cancel is on its way any more when a call returns:
 * none can hit the next statement.
 *
 * A PGconn is libpq's, and serves one call at a time, from any thread; the
 * context may be ended from anywhere.  NULL is the background.  Connections
 * of others may be used, too; canceling is slower for them.
 */

#include <belay/belay.h>

#include <libpq-fe.h>

/* --- Connecting --------------------------------------------------------- */

/*
 * As PQconnectdb().  0: *ret_conn is connected, or CONNECTION_BAD, and
 * PQerrorMessage() says why; the caller gives it back with PQfinish() either
 * way.  Otherwise it is NULL.
 *
 * The connection is non-blocking (PQsetnonblocking()).  The server looks every
 * 100 ms whether the client is still there, and a peer that has vanished is
 * noticed within two minutes, unless conninfo says otherwise.
 *
 * The first one for a conninfo comes with a second connection, over which all
 * of them cancel ("belay cancel" in pg_stat_activity); it goes with the last.
 * Where there is none to be had, canceling takes longer.
 *
 * A host's name is looked up without regard to ctx.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_pq_connect(const belay_ctx *ctx, const char *conninfo,
                     PGconn **ret_conn);

/* --- Executing ---------------------------------------------------------- */

/*
 * As PQexec().  *ret_result is NULL, or yours to PQclear().  What has been
 * done is told, also if ctx has ended meanwhile.
 */
BELAY_API BELAY_NONNULL(2, 3, 4)
int belay_pq_exec(const belay_ctx *ctx, PGconn *conn, const char *command,
                  PGresult **ret_result);

/*
 * As PQexecParams().  If ctx has a deadline, the server gets it in the same
 * flight as its statement_timeout, should it be cut off from us; not within a
 * transaction, which has the one of belay_pq_begin().  Commands that refuse to
 * run in a pipeline, such as VACUUM, are for belay_pq_exec().
 */
BELAY_API BELAY_NONNULL(2, 3, 10)
int belay_pq_exec_params(const belay_ctx *ctx, PGconn *conn,
                         const char *command, int count, const Oid *types,
                         const char *const *values, const int *lengths,
                         const int *formats, int result_format,
                         PGresult **ret_result);

/* As PQprepare(): ctx is for the preparing only. */
BELAY_API BELAY_NONNULL(2, 3, 4, 7)
int belay_pq_prepare(const belay_ctx *ctx, PGconn *conn, const char *name,
                     const char *command, int count, const Oid *types,
                     PGresult **ret_result);

/* As PQexecPrepared(), and otherwise as belay_pq_exec_params(). */
BELAY_API BELAY_NONNULL(2, 3, 9)
int belay_pq_exec_prepared(const belay_ctx *ctx, PGconn *conn,
                           const char *name, int count,
                           const char *const *values, const int *lengths,
                           const int *formats, int result_format,
                           PGresult **ret_result);

/* --- Result by result, pipelines, COPY ---------------------------------- */

/*
 * As PQgetResult(), for what was sent with libpq's PQsend...(), row by row or
 * in a pipeline.  0, and NULL for *ret_result: nothing more is to come.
 * Negative: all that was under way has been stopped, and none of it is left.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_pq_get_result(const belay_ctx *ctx, PGconn *conn,
                        PGresult **ret_result);

/*
 * As PQputCopyData() and PQputCopyEnd(): 0 when all was sent; belay_err(ctx)
 * when the COPY was stopped; -EIO: PQerrorMessage() says why.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_pq_put_copy_data(const belay_ctx *ctx, PGconn *conn,
                           const char *data, int length);
BELAY_API BELAY_NONNULL(2)
int belay_pq_put_copy_end(const belay_ctx *ctx, PGconn *conn,
                          const char *complaint);

/*
 * As PQgetCopyData(): the length of a row, which is yours to PQfreemem(), or
 * 0 after the last; belay_err(ctx) when the COPY was stopped; -EIO.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_pq_get_copy_data(const belay_ctx *ctx, PGconn *conn,
                           char **ret_data);

/* --- Transactions ------------------------------------------------------- */

#define BELAY_PQ_REFUSED (-EREMOTEIO)   /* PQerrorMessage() says why */
#define BELAY_PQ_IN_DOUBT (-EINPROGRESS) /* nobody knows */

/*
 * BEGIN, with the deadline of ctx as the statement_timeout within.  0,
 * belay_err(ctx), or BELAY_PQ_REFUSED.
 */
BELAY_API BELAY_NONNULL(2) int belay_pq_begin(const belay_ctx *ctx,
                                              PGconn *conn);

/*
 * COMMIT.  0: it is committed.  belay_err(ctx): ctx had ended before, and it
 * is rolled back.  BELAY_PQ_REFUSED: the server has rolled it back.
 * BELAY_PQ_IN_DOUBT: it was asked for, and the connection was lost, or was
 * closed a second after the end of ctx, before there was an answer.
 */
BELAY_API BELAY_NONNULL(2) int belay_pq_commit(const belay_ctx *ctx,
                                               PGconn *conn);

/*
 * Stops what is under way, rolls back, and leaves a pipeline.  Always done
 * within about two seconds: the connection is idle, or else it is closed, and the
 * server rolls back by itself.
 */
BELAY_API BELAY_NONNULL(1) void belay_pq_rollback(PGconn *conn);

/* --- A pool ------------------------------------------------------------- */

/* Any number of connections to the same place, for any number of threads. */
struct belay_pq_pool;

struct belay_pq_limits {
    int max_open;                /* 0: none */
    int max_idle;                /* 0: two; negative: no idle ones */
    belay_duration max_lifetime; /* 0: none */
};

/* Connects to nothing yet.  NULL: no memory. */
BELAY_API BELAY_NONNULL(1, 2)
struct belay_pq_pool *belay_pq_pool_open(const char *conninfo,
                                         const struct belay_pq_limits *limits);

/*
 * Hands over a connection: an idle one that is alive, or a new one, connected
 * under ctx.  With max_open of them out, waits for one; who has waited longest
 * is served first.  0: *ret_conn is to be released, also if it could not be
 * connected, as after belay_pq_connect().  belay_err(ctx), and nothing was
 * taken; -ESHUTDOWN: the pool is closed; -ENOMEM.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_pq_pool_acquire(const belay_ctx *ctx, struct belay_pq_pool *pool,
                          PGconn **ret_conn);

/*
 * Gives conn back, after belay_pq_rollback().  It is kept if it is fit and
 * there is use for it; settings of its session stay as they are.  NULL is
 * fine.
 */
BELAY_API BELAY_NONNULL(1)
void belay_pq_pool_release(struct belay_pq_pool *pool, PGconn *conn);

/*
 * Closes what is idle, and turns away who waits.  Connections that are out can
 * be used, and are to be released; the pool is freed with the last.  NULL is
 * fine.
 */
BELAY_API void belay_pq_pool_close(struct belay_pq_pool *pool);

#endif
