/* SPDX-License-Identifier: MIT */
#ifndef DEMO_REQUEST_H
#define DEMO_REQUEST_H

#include <belay/belay.h>

#include <microhttpd.h>

struct server;

/* Runs the query for as long as there is a client, a budget and a server. */
enum MHD_Result request_serve(const belay_ctx *ctx, struct server *server,
                              struct MHD_Connection *connection);

/* Sends a storm of clients that have no patience. */
enum MHD_Result request_serve_storm(const belay_ctx *ctx, struct server *server,
                                    struct MHD_Connection *connection);

/* Sends a curl, and kills it. */
enum MHD_Result request_serve_kill(const belay_ctx *ctx, struct server *server,
                                   struct MHD_Connection *connection);

#endif
