/* SPDX-License-Identifier: MIT */
#ifndef DEMO_EVENTS_H
#define DEMO_EVENTS_H

#include <microhttpd.h>

struct server;

/* Sends the state of all lanes as server-sent events, ten times a second. */
enum MHD_Result events_serve(struct server *server,
                             struct MHD_Connection *connection);

#endif
