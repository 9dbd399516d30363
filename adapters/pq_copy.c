/* SPDX-License-Identifier: MIT */
#include "pq.h"

/*
 * Each of these is short.  When the context has ended, what is under way is
 * stopped as a whole, and the connection is idle, or closed.
 */
static struct belay__pq_flight begin(const belay_ctx *ctx, PGconn *conn)
{
    struct belay__pq_flight flight = belay__pq_take_off(ctx, conn);
    flight.err = belay_err(ctx);
    if (flight.err != 0)
        belay__pq_stop(&flight);
    return flight;
}

static int end(struct belay__pq_flight *flight, int result)
{
    if (flight->err != 0) {
        belay__pq_abandon(flight);
        result = flight->err;
    }
    belay__pq_land(flight);
    return result;
}

/* Non-blocking, libpq would hoard what the server does not take. */
static void send_all(struct belay__pq_flight *flight)
{
    while (flight->err == 0 && PQflush(flight->conn) == 1)
        belay__pq_wait(flight, POLLIN | POLLOUT);
}

int belay_pq_put_copy_data(const belay_ctx *ctx, PGconn *conn, const char *data,
                           int length)
{
    struct belay__pq_flight flight = begin(ctx, conn);
    int put = 0;
    while (flight.err == 0 && (put = PQputCopyData(conn, data, length)) == 0)
        belay__pq_wait(&flight, POLLIN | POLLOUT);
    send_all(&flight);
    return end(&flight, put == 1 ? 0 : -EIO);
}

int belay_pq_put_copy_end(const belay_ctx *ctx, PGconn *conn,
                          const char *complaint)
{
    struct belay__pq_flight flight = begin(ctx, conn);
    int put = 0;
    while (flight.err == 0 && (put = PQputCopyEnd(conn, complaint)) == 0)
        belay__pq_wait(&flight, POLLIN | POLLOUT);
    send_all(&flight);
    return end(&flight, put == 1 ? 0 : -EIO);
}

int belay_pq_get_copy_data(const belay_ctx *ctx, PGconn *conn, char **ret_data)
{
    *ret_data = NULL;
    struct belay__pq_flight flight = begin(ctx, conn);
    char *data = NULL;
    int length = 0;
    while (flight.err == 0 && (length = PQgetCopyData(conn, &data, 1)) == 0 &&
           PQsocket(conn) >= 0)
        belay__pq_wait(&flight, POLLIN);

    bool is_lost = length == 0 && flight.err == 0;
    if (length > 0)
        *ret_data = data;
    if (length == -1)
        length = 0;
    return end(&flight, length < 0 || is_lost ? -EIO : length);
}
