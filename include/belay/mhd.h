/* SPDX-License-Identifier: MIT */
#ifndef BELAY_MHD_H
#define BELAY_MHD_H

/*
 * GNU libmicrohttpd with a context for each request, which ends when its client
 * has gone, when its server stops, and when its handler has returned.
 *
 *     struct belay_mhd *server;
 *     int err = belay_mhd_start(NULL, &settings, &server);
 *     ...
 *     belay_mhd_drain(grace, server);
 *     belay_mhd_stop(patience, server);
 *
 * The client is watched by its socket, with <belay/peer.h>: while a handler
 * works or a connection is suspended, with a body or a next request unread,
 * and under TLS.
 *
 * Contexts stand below each other: the parent of belay_mhd_start(), the
 * server's, the connection's, the request's.  The code of a cause is
 *
 *     -EPIPE, -ECONNRESET, -ETIMEDOUT   the client closed, reset, fell silent
 *     -ESHUTDOWN                        "server stopping"
 *     BELAY_CANCELED                    "handler returned"
 *
 * or what the parent, or a deadline, says.
 */

#include <belay/belay.h>
#include <belay/peer.h>

#include <microhttpd.h>

struct belay_mhd;

/*
 * An MHD_AccessHandlerCallback with a context in front, called as such: at the
 * head of a request with *state == NULL, for each part of its body, and at its
 * end.  ctx is the same each time.
 *
 * ctx ends when the last call returns, so before the client has all of the
 * reply.  What goes on after that, a content reader or an upgraded connection,
 * asks belay_mhd_connection(); what another thread uses takes a belay_ref().
 */
typedef enum MHD_Result belay_mhd_handler(
    const belay_ctx *ctx, void *arg, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *data, size_t *data_size, void **state);

/*
 * Returns a child of ctx, which is the request's: with a deadline that a header
 * asks for, or with values; or NULL for ctx as it is.  Called at the head of
 * each request.  The child becomes the adapter's, which ends it afterwards.
 */
typedef belay_ctx *belay_mhd_derive(const belay_ctx *ctx, void *arg,
                                    struct MHD_Connection *connection);

/* All that is left out is zero, and fine so, but for flags and handler. */
struct belay_mhd_settings {
    unsigned flags; /* of MHD_start_daemon(); with an internal thread */
    uint16_t port;  /* 0: any; belay_mhd_daemon() knows which */
    const struct MHD_OptionItem *options; /* to MHD_OPTION_END; NULL: none */
    belay_mhd_handler *handler;
    belay_mhd_derive *derive;
    MHD_RequestCompletedCallback completed; /* for what *state points to */
    void *arg;                              /* of all three */
    enum belay_fin fin;     /* whether a client that sends no more has gone */
    belay_duration silence; /* for belay_peer_must_answer(); 0: not set */
};

/*
 * Starts a daemon.  A request whose context has ended before its handler is
 * called, because the client cannot be watched, its time is over or the server
 * is stopping, is answered with 503 or 504 in its place.
 *
 * 0, or -errno, and *ret_server is left alone: -EINVAL (no handler, no internal
 * thread, no such silence; options that the adapter needs for itself, which are
 * MHD_OPTION_NOTIFY_* and MHD_OPTION_URI_LOG_CALLBACK), -ENOMEM, what
 * MHD_start_daemon() left in errno, such as -EADDRINUSE, else -EAGAIN.
 *
 * The caller owns the server, and gives it back with belay_mhd_stop().
 */
BELAY_API BELAY_NONNULL(2, 3) BELAY_MUST_USE
int belay_mhd_start(const belay_ctx *parent,
                    const struct belay_mhd_settings *settings,
                    struct belay_mhd **ret_server);

/*
 * Lets no request in from here on, and waits until those inside have been
 * answered: 0, or belay_err(ctx), if that ends first.  Idle connections, and
 * those of which no whole head has come, are closed.  Contexts are left alone.
 * Upgraded connections are waited for.  May be called again, and by several
 * threads; not from a handler.
 */
BELAY_API BELAY_NONNULL(2)
int belay_mhd_drain(const belay_ctx *ctx, struct belay_mhd *server);

/*
 * As belay_mhd_drain(), and ends the contexts of all that is inside, so that
 * handlers return soon.  0: the server is gone.  Else belay_err(ctx): it ended
 * first, connections have been cut, and some handler, or what it has suspended
 * or started, is still at work.  The server is as before then, for another try.
 */
BELAY_API BELAY_NONNULL(2)
int belay_mhd_stop(const belay_ctx *ctx, struct belay_mhd *server);

/* Returns how many requests are inside: begun, and not answered to the end. */
BELAY_API BELAY_NONNULL(1) int belay_mhd_inside(struct belay_mhd *server);

/* Returns the daemon, for MHD_get_daemon_info(); not to be stopped. */
BELAY_API BELAY_NONNULL(1)
struct MHD_Daemon *belay_mhd_daemon(const struct belay_mhd *server);

/* Returns the context of a connection, valid until that is closed. */
BELAY_API BELAY_NONNULL(1)
const belay_ctx *belay_mhd_connection(struct MHD_Connection *connection);

/*
 * Called in a handler that will answer later: the handler is called again after
 * belay_mhd_resume(), or when ctx has ended; with a NULL context only after
 * belay_mhd_resume(), as for a job that uses the request and will be done soon.
 * If the connection is broken then, MHD may call `completed` instead.
 *
 * 0; or the handler goes on: belay_err(ctx), -ENOTSUP where each connection has
 * a thread.
 */
BELAY_API BELAY_NONNULL(2) BELAY_MUST_USE
int belay_mhd_suspend(const belay_ctx *ctx, struct MHD_Connection *connection);

/*
 * From any thread, while the connection is there: a handler that is called
 * again because its context has ended, and `completed`, stop whoever else would
 * resume it, before they return.  True: this call did.
 */
BELAY_API BELAY_NONNULL(1)
bool belay_mhd_resume(struct MHD_Connection *connection);

/* The values of a request's context, and what they point to. */
BELAY_API const struct belay_key
    belay_mhd_server_key,     /* struct belay_mhd */
    belay_mhd_connection_key, /* struct MHD_Connection, while it is open */
    belay_mhd_address_key;    /* struct sockaddr_storage: the local address */

#endif
