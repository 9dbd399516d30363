/* SPDX-License-Identifier: MIT */
#ifndef DEMO_REQUEST_H
#define DEMO_REQUEST_H

#include <microhttpd.h>

struct server;

/* Runs the query for as long as there is a client, a budget and a server. */
enum MHD_Result request_serve(struct server *server,
                              struct MHD_Connection *connection);

/* Sends a storm of clients that have no patience. */
enum MHD_Result request_serve_storm(struct server *server,
                                    struct MHD_Connection *connection);

#endif
