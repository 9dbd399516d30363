/* SPDX-License-Identifier: MIT */
#ifndef ADAPTERS_PQ_H
#define ADAPTERS_PQ_H

/*
 * What the files of the adapter share.
 *
 * A flight is what goes to the server and comes back in one call of the
 * program.  Until its context ends it is only waited for.  From then on, on
 * the thread that waits, the server is kicked until it has nothing more to
 * say; where that takes too long, the connection is closed.  Nobody else ever
 * kicks, so that no kick can meet what the program does next.
 */

#include <belay/pq.h>

struct belay__pq_flight {
    const belay_ctx *ctx;
    PGconn *conn;
    int err;              /* why it is being stopped; 0: it is not */
    belay_time give_up;   /* once it is being stopped */
    belay_time kick_at;   /* the next; BELAY_FOREVER: it is not canceled */
    belay_duration pause; /* from that kick to the one after it */
    void (*end)(struct belay__pq_flight *flight); /* when ctx has ended */
    int cancel_state;                             /* the thread's, as it was */
};

/* A flight that ctx may end.  pthread_cancel() is held off until landing. */
struct belay__pq_flight belay__pq_take_off(const belay_ctx *ctx, PGconn *conn);
void belay__pq_land(struct belay__pq_flight *flight);

/* From here on it has little time, and is canceled ... */
void belay__pq_stop(struct belay__pq_flight *flight);

/* ... or is not: what it is about must come to its own end. */
void belay__pq_let_run_out(struct belay__pq_flight *flight);

/*
 * Waits until the next PQgetResult() would not block, and sends what is yet
 * to be sent.  Afterwards the context may have ended, or the connection.
 */
void belay__pq_await(struct belay__pq_flight *flight);

/* Waits for the socket, once; what was received is with libpq. */
void belay__pq_wait(struct belay__pq_flight *flight, short events);

/* Takes what comes, until the connection is idle, closed, or in a COPY. */
PGresult *belay__pq_collect(struct belay__pq_flight *flight);

/* Throws away what comes, until the connection is idle, or closed. */
void belay__pq_drain(struct belay__pq_flight *flight);

/* As belay__pq_drain(), of a flight that is being stopped; pipelines, too. */
void belay__pq_abandon(struct belay__pq_flight *flight);

/* Ends the connection, at once; to PQfinish() it is left to the program. */
void belay__pq_close(PGconn *conn);

static inline bool belay__pq_is_under_way(PGconn *conn)
{
    return PQtransactionStatus(conn) == PQTRANS_ACTIVE;
}

/* --- Canceling ----------------------------------------------------------- */

/*
 * Makes the server stop what conn is doing.  True: it has been told, and
 * nothing of the kick is on its way any more.  False: nobody knows.
 */
bool belay__pq_kick(PGconn *conn, belay_time give_up);

/*
 * A second connection to the same server, over which those of this process
 * that have the same conninfo cancel: it is there already when it is needed.
 */
struct belay__pq_canceler;

/* Does not connect.  NULL: no memory.  Given back once for each time. */
struct belay__pq_canceler *belay__pq_canceler_for(const char *conninfo);
void belay__pq_canceler_release(struct belay__pq_canceler *canceler);

/* Connects it, if it is not; where that fails, there is PQcancel(). */
void belay__pq_canceler_warm(struct belay__pq_canceler *canceler,
                             const belay_ctx *ctx);

/* Cancels what that backend of that server is doing. */
enum belay__pq_told { BELAY__PQ_TOLD, BELAY__PQ_NOT_TOLD, BELAY__PQ_IN_DOUBT };
enum belay__pq_told belay__pq_canceler_tell(struct belay__pq_canceler *canceler,
                                            int backend, const char *server,
                                            belay_time give_up);

/* --- The server's own limit ---------------------------------------------- */

/* Writes a statement that sets it to what is left; false: no deadline. */
enum { BELAY__PQ_LIMIT_SIZE = 256 };
bool belay__pq_write_limit(const belay_ctx *ctx, char *sql);

/* --- Connecting ---------------------------------------------------------- */

/* What is known of a connection; libpq keeps it, and has it freed. */
struct belay__pq_link {
    struct belay__pq_canceler *canceler;
    belay_time born; /* connected at */
    int backend;     /* 0: not known, or not the server's own number */
    char server[32]; /* since when the server runs: which one it is */
};

/* NULL: not a connection of belay_pq_connect(). */
struct belay__pq_link *belay__pq_link_of(PGconn *conn);

/* Without a link.  0, and a connection, connected or not; -errno. */
int belay__pq_dial(const belay_ctx *ctx, const char *conninfo,
                   const char *application, PGconn **ret_conn);

/* Is it still there, as far as one knows without asking the server? */
bool belay__pq_is_alive(PGconn *conn);

#endif
