/* SPDX-License-Identifier: MIT */
#ifndef DEMO_EVENTS_H
#define DEMO_EVENTS_H

#include <belay/belay.h>

#include <microhttpd.h>

struct server;

/* Sends the state of all lanes as server-sent events, twenty times a second. */
enum MHD_Result events_serve(const belay_ctx *ctx, struct server *server,
                             struct MHD_Connection *connection);

#endif
