/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LOG_H
#define DEMO_LOG_H

struct server;

/* Writes a line about a request that is over: its status, and why. */
void log_request(struct server *server, unsigned id);

#endif
