/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SELFTEST_H
#define DEMO_SELFTEST_H

#include "lanes.h"

#include <stdbool.h>

struct server;

/* Asks a server of its own, over real sockets; prints what it measures. */
bool selftest(void);

/* What becomes of the parts of a request whose client leaves. */
bool selftest_leaving(struct server *server);

/* As the above, on the worst of days, with a server that serves. */
bool selftest_days(struct server *server);

/* Returns the status of the reply, or a negative errno; data has 2000 bytes. */
int selftest_ask(struct server *server, const char *what, char *data);

/* A copy of the newest lane; id 0: there is none. */
struct lane selftest_newest(struct server *server);

/* Starts the program on a port that is taken, and ends it with a signal. */
bool selftest_process(void);

/* Prints a line, and returns is_fine. */
__attribute__((format(printf, 2, 3))) bool say(bool is_fine, const char *format,
                                               ...);

#endif
