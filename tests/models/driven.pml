/* SPDX-License-Identifier: MIT */

/*
 * The program takes the clock over from its thread (clock.c: belay_clock_fd,
 * set_timer) while deadlines are armed, and drives it from then on.
 *
 * quick: -DARMERS=1
 * deep:  -DARMERS=2
 * mutants: NO_LAST_SET TIMER_UNLOCKED RUN_SETS_NOT/-DARMERS=2 NO_NEWS FOREVER_AFTER
 * mutants: WANTED_FIRST
 */

#include "clock.inc"

active proctype clock_thread() /* run_thread() */
{
    LOCALS;
    byte last, until;
    do
    ::
#ifndef MUTANT_WANTED_FIRST
       last = news;
#endif
       if
       :: is_driven -> break /* is_wanted() */
       :: else
       fi;
#ifdef MUTANT_WANTED_FIRST /* then it looks at a count that was meant for it */
       last = news;
#endif
       look(next);
       wake_up_by(next, lowered);
       d_step { until = wake_up; next = 0; lowered = 0 }
       atomic {
           if
           :: news == last -> asleep = 1
           :: else
           fi
       }
       d_step { !asleep || time >= until -> asleep = 0; until = 0 }
    od;
#ifndef MUTANT_NO_LAST_SET
    set_timer()
#endif
}

active proctype program()
{
    LOCALS;
    is_driven = 1; /* belay_clock_fd() */
    tell_news;
    set_timer();
end:
    do
    :: timer <= time -> /* readable: belay_clock_run() */
       look(next);
       wake_up_by(next, lowered);
#ifndef MUTANT_RUN_SETS_NOT
       ring()
#endif
    od
}
