/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SELFTEST_H
#define DEMO_SELFTEST_H

#include <stdbool.h>

/* Asks a server of its own, over real sockets; prints what it measures. */
bool selftest(void);

/* Starts the program on a port that is taken, and ends it with a signal. */
bool selftest_process(void);

/* Prints a line, and returns is_fine. */
__attribute__((format(printf, 2, 3))) bool say(bool is_fine, const char *format,
                                               ...);

#endif
