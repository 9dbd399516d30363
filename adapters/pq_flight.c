/* SPDX-License-Identifier: MIT */
#include "pq.h"

#include <pthread.h>
#include <sys/socket.h>

/*
 * A kick that comes before the server has begun, or between two statements of
 * a pipeline, is lost: so it is repeated, ever more slowly, until the server is
 * idle.  GRACE is what all of that may take.
 */
#define GRACE (1 * BELAY_SECOND)
#define FIRST_PAUSE (2 * BELAY_MILLISECOND)

struct belay__pq_flight belay__pq_take_off(const belay_ctx *ctx, PGconn *conn)
{
    struct belay__pq_flight flight = {
        .ctx = ctx,
        .conn = conn,
        .end = belay__pq_stop,
    };
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &flight.cancel_state);
    PQsetnonblocking(conn, 1);
    return flight;
}

void belay__pq_land(struct belay__pq_flight *flight)
{
    pthread_setcancelstate(flight->cancel_state, NULL);
}

void belay__pq_let_run_out(struct belay__pq_flight *flight)
{
    if (flight->err == 0)
        flight->err = BELAY_CANCELED;
    flight->give_up = belay_now() + GRACE;
    flight->kick_at = BELAY_FOREVER;
}

void belay__pq_stop(struct belay__pq_flight *flight)
{
    belay__pq_let_run_out(flight);
    flight->kick_at = belay_now();
    flight->pause = FIRST_PAUSE;
}

/* What has come meanwhile is not for libpq, which would make of half an answer
   whatever it takes it for. */
void belay__pq_close(PGconn *conn)
{
    char junk[4096];
    int fd = PQsocket(conn);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    while (fd >= 0 && recv(fd, junk, sizeof junk, MSG_DONTWAIT) > 0)
        continue;
    while (PQsocket(conn) >= 0 && PQconsumeInput(conn) != 0)
        continue; /* until it has noticed */
}

/* --- Waiting ------------------------------------------------------------- */

static void kick(struct belay__pq_flight *flight)
{
    if (!belay__pq_kick(flight->conn, flight->give_up))
        belay__pq_close(flight->conn);
    flight->kick_at = belay_now() + flight->pause;
    flight->pause *= 2;
}

/* Returns how long the socket may be waited for; negative: for ever. */
static belay_duration patience(struct belay__pq_flight *flight)
{
    if (flight->err == 0)
        return -1;
    belay_time now = belay_now();
    if (now >= flight->give_up)
        belay__pq_close(flight->conn);
    else if (now >= flight->kick_at)
        kick(flight);

    belay_time until =
        flight->kick_at < flight->give_up ? flight->kick_at : flight->give_up;
    now = belay_now();
    return until > now ? until - now : 0;
}

void belay__pq_wait(struct belay__pq_flight *flight, short events)
{
    belay_duration longest = patience(flight);
    struct pollfd fd = {PQsocket(flight->conn), events, 0};
    if (fd.fd < 0)
        return;

    const belay_ctx *ctx = flight->err == 0 ? flight->ctx : NULL;
    int ready = belay_poll(ctx, &fd, 1, longest);
    if (ready < 0) {
        flight->end(flight);
        flight->err = ready;
    }
    /* What has come before the end may be all that was waited for. */
    PQconsumeInput(flight->conn);
}

void belay__pq_await(struct belay__pq_flight *flight)
{
    PGconn *conn = flight->conn;
    for (;;) {
        bool is_sent = PQflush(conn) <= 0;
        if (!PQisBusy(conn) || PQsocket(conn) < 0)
            return;
        belay__pq_wait(flight, is_sent ? POLLIN : POLLIN | POLLOUT);
    }
}

/* --- Results ------------------------------------------------------------- */

static bool is_failure(const PGresult *result)
{
    return result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR;
}

/* The last one counts, as for PQexec(); but what failed says more than what
   was not done because of it. */
static PGresult *better(PGresult *last, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool says_less = status == PGRES_PIPELINE_SYNC ||
                     (status == PGRES_PIPELINE_ABORTED && is_failure(last));
    PQclear(says_less ? result : last);
    return says_less ? last : result;
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
           status == PGRES_COPY_BOTH;
}

/* Between the statements of a pipeline libpq says NULL as well. */
static PGresult *take_result(struct belay__pq_flight *flight)
{
    PGresult *result;
    do {
        belay__pq_await(flight);
        result = PQgetResult(flight->conn);
    } while (result == NULL && belay__pq_is_under_way(flight->conn));
    return result;
}

PGresult *belay__pq_collect(struct belay__pq_flight *flight)
{
    PGresult *last = NULL;
    PGresult *result;
    while ((result = take_result(flight)) != NULL) {
        last = better(last, result);
        if (is_copy(last))
            break;
    }
    return last;
}

static void leave_copy(struct belay__pq_flight *flight, ExecStatusType status)
{
    PGconn *conn = flight->conn;
    char *row = NULL;
    int length = 0;
    if (status == PGRES_COPY_BOTH)
        belay__pq_close(conn);
    while (status == PGRES_COPY_IN && PQsocket(conn) >= 0 &&
           PQputCopyEnd(conn, belay_strerror(flight->err)) == 0)
        belay__pq_wait(flight, POLLIN | POLLOUT);
    while (status == PGRES_COPY_OUT && PQsocket(conn) >= 0 &&
           (length = PQgetCopyData(conn, &row, 1)) >= 0) {
        if (length == 0)
            belay__pq_wait(flight, POLLIN);
        PQfreemem(row);
    }
}

void belay__pq_drain(struct belay__pq_flight *flight)
{
    PGresult *result;
    while ((result = take_result(flight)) != NULL) {
        if (is_copy(result))
            leave_copy(flight, PQresultStatus(result));
        PQclear(result);
    }
}

void belay__pq_abandon(struct belay__pq_flight *flight)
{
    PGconn *conn = flight->conn;
    if (PQpipelineStatus(conn) != PQ_PIPELINE_OFF)
        PQpipelineSync(conn); /* or what was sent after the last stays there */
    if (belay__pq_is_under_way(conn))
        kick(flight); /* for much may come before it has to be waited */
    belay__pq_drain(flight);
}
