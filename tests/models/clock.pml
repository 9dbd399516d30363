/* SPDX-License-Identifier: MIT */

/*
 * The clock's thread against whoever arms a deadline (clock.c: `wake_up`,
 * `news`, `used`), and against belay_clock_run() on another thread.
 *
 * quick: -DARMERS=2 -DRUNNERS=0
 * deep:  -DARMERS=2 -DRUNNERS=1
 * mutants: FOREVER_AFTER USED_BEFORE USED_LATE NEWS_LATE NO_NEWS WAKE_FIRST
 * mutants: EXPECT_FIRST NOT_LOWERED RUN_DOES_NOT_RING/-DARMERS=1,-DRUNNERS=1
 */

#include "clock.inc"

active proctype clock_thread() /* run_thread() */
{
    LOCALS;
    byte last, until;
    do
    ::
#ifndef MUTANT_NEWS_LATE
       last = news;
#endif
       look(next);
#ifndef MUTANT_NOT_LOWERED
       wake_up_by(next, lowered);
#endif
       d_step { until = wake_up; next = 0; lowered = 0 }
#ifdef MUTANT_NEWS_LATE
       last = news;
#endif
       atomic {
           if
           :: news == last -> asleep = 1
           :: else
           fi
       }
end:   d_step { !asleep || time >= until -> asleep = 0; until = 0 }
    od
}

active [RUNNERS] proctype runner() /* belay_clock_run(), where there is a thread */
{
    LOCALS;
    look(next);
    wake_up_by(next, lowered);
#ifndef MUTANT_RUN_DOES_NOT_RING
    ring()
#endif
}
