/* SPDX-License-Identifier: MIT */
#ifndef TESTS_DELAY_H
#define TESTS_DELAY_H

#include "os/os.h"

/*
 * Holds a thread at one of the library's delay points, so that a test says who
 * wins a race.  One thread at a time for each place.
 */
void delay_install(void); /* before there is any other thread; for good */

/* The next thread that comes there, but for the caller, is held; one that is
   held there now goes on, and may be the next. */
void delay_hold(const char *place);

/* Waits until a thread is held there. */
void delay_await(const char *place);

void delay_release(const char *place);

#endif
