/* SPDX-License-Identifier: MIT */
#ifndef BELAY_ADAPTERS_MHD_H
#define BELAY_ADAPTERS_MHD_H

/* What the files of this adapter share. */

#include <belay/mhd.h>

#include <pthread.h>

/*
 * A request is HTTP/1's, so a connection has one at a time.  It is used by the
 * thread of MHD that serves the connection, and `is_suspended`, under the lock
 * of the server, by whoever resumes it.
 */
struct request {
    belay_ctx *ctx;     /* NULL: over, or not begun */
    belay_ctx *derived; /* what the handler gets, if not ctx itself */
    void *state;        /* the handler's */
    bool is_inside;     /* counted by the server; under its lock */
    bool is_suspended;
    struct belay_watch watch; /* told in place of the handler, between calls */
};

struct connection {
    struct connection *next, **link; /* in server->connections */
    struct belay_mhd *server;
    struct MHD_Connection *mhd;
    int socket;
    bool is_upgraded; /* no longer HTTP; under the lock of the server */
    belay_ctx *valued, *addressed; /* what carries its values ... */
    belay_ctx *ctx;                /* ... above this */
    struct request request;
};

struct belay_mhd {
    struct belay_mhd_settings settings;
    struct MHD_Daemon *daemon;
    int listener;      /* once it is quiesced; else -1 */
    belay_ctx *ctx;    /* ends when the server stops */
    belay_ctx *valued; /* below it: with the server as a value */
    belay_ctx *idle;   /* ends when the last connection of a drain has gone */

    pthread_mutex_t lock; /* of all below; nothing is called under it */
    struct connection *connections;
    int inside;
    bool is_draining;
};

/* --- mhd_connection.c ----------------------------------------------------- */

void belay__mhd_notify(void *arg, struct MHD_Connection *mhd, void **place,
                       enum MHD_ConnectionNotificationCode what);

/* NULL: there was no memory for it. */
struct connection *belay__mhd_find(struct MHD_Connection *mhd);

/* --- mhd_request.c -------------------------------------------------------- */

enum MHD_Result belay__mhd_serve(void *arg, struct MHD_Connection *mhd,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *data_size, void **state);
void belay__mhd_completed(void *arg, struct MHD_Connection *mhd, void **state,
                          enum MHD_RequestTerminationCode how);

#endif
