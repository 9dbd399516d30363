/* SPDX-License-Identifier: MIT */
#ifndef WORK_CATCH_H
#define WORK_CATCH_H

/* The handler, and what was there before it.  All under the relay's lock. */

#include <signal.h>
#include <stdbool.h>

/* False: its handler must not return, or there can be none. */
bool belay__is_catchable(int number);

/* What whoever started us wants ignored: nohup(1), a background job. */
bool belay__stays_ignored(int number);

/* In pairs; the last gives back what was there before the first. */
void belay__catch(int number);
void belay__let_go(int number);

/* From here on it is not caught; and the process gets one more. */
void belay__let_through(int number);

/* How many have come since this was last asked. */
int belay__take_arrived(int number);

/* Waits until no handler is running that has not counted its signal. */
void belay__await_handlers(void);

/* In the child of a fork(): those of other threads are not here. */
void belay__forget_handlers(void);

#endif
