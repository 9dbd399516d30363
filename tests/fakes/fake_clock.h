/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAKE_CLOCK_H
#define TESTS_FAKE_CLOCK_H

#include "os/os.h"

/*
 * Time that passes only when a test says so.
 *
 * The program drives the clock from the first start on: that is for good.
 * Time goes on, over a stop and a new start, from where it was.
 */
void fake_clock_start(void);
void fake_clock_stop(void);

/*
 * Moves time, runs the clock, and returns when every thread that had slept
 * until then or before is awake.  Returns how many deadlines fired.
 */
int fake_clock_advance(belay_duration by);

/* Moves time, and nothing else. */
void fake_clock_move(belay_duration by);

/* Wakes every thread that had slept until now or before. */
void fake_clock_wake(void);

/* Waits until that many threads sleep until some instant. */
void fake_clock_await_sleepers(int count);

/* The instant for which the library has asked to be woken. */
belay_time fake_clock_alarm(void);

#endif
