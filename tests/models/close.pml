/* SPDX-License-Identifier: MIT */

/*
 * exit() or dlclose() against the clock's thread (clock.c: run_thread,
 * belay__clock_close): it is joined, unless it is in a watch, for which exit()
 * never waits; and no watch is told once the join has been decided.
 *
 * quick:
 * deep:
 * mutants: ASKS_FIRST CLOSER_ASKS_FIRST NO_NEWS NEWS_FIRST JOINS_ALWAYS
 * mutants: DOES_NOT_ASK NEWS_LATE WANTED_FIRST
 */

#include "core.inc"

bit is_closed; /* mode */
byte news;
bit asleep;
bit is_telling;
bit is_over;   /* the thread */
bit joins;     /* the closer waits for it */
byte due = 2;  /* looks that find something to be told */

active proctype clock_thread()
{
    byte last;
    bit to_tell;
    do
    ::
#if !defined(MUTANT_WANTED_FIRST) && !defined(MUTANT_NEWS_LATE)
       last = news;
#endif
       if
       :: is_closed -> break /* is_wanted() */
       :: else
       fi;
#ifdef MUTANT_WANTED_FIRST
       last = news;
#endif
       if /* look() */
       :: due > 0 -> due--; to_tell = 1
       :: to_tell = 0
       fi;
       if
       :: to_tell ->
#ifdef MUTANT_ASKS_FIRST
          if
          :: is_closed -> goto told
          :: else
          fi;
          is_telling = 1;
          if
          :: true ->
#else
          is_telling = 1;
          if
#ifdef MUTANT_DOES_NOT_ASK
          :: true ->
#else
          :: !is_closed ->
#endif
#endif
             assert(!joins); /* tell() */
             if
             :: true
             :: true -> /* a watch that never returns: exit() goes on */
end_watch:      false
             fi
          :: is_closed
          fi;
          is_telling = 0
       :: else
       fi;
told:
#ifdef MUTANT_NEWS_LATE
       last = news;
#endif
       os_wait(news, last, asleep)
    od;
    is_over = 1
}

active proctype closer() /* belay__clock_close() */
{
    bit was_telling;
    /* Sooner or later; the thread may sleep or tell. */
#ifdef MUTANT_CLOSER_ASKS_FIRST
    was_telling = is_telling;
#endif
#ifdef MUTANT_NEWS_FIRST
    news++;
    os_wake(asleep);
    is_closed = 1;
#else
    is_closed = 1;
#ifndef MUTANT_NO_NEWS
    news++;
#endif
    os_wake(asleep);
#endif
#ifndef MUTANT_CLOSER_ASKS_FIRST
    was_telling = is_telling;
#endif
    if
#ifdef MUTANT_JOINS_ALWAYS
    :: true ->
#else
    :: !was_telling ->
#endif
       joins = 1;
       is_over /* OS(join) */
    :: was_telling /* it may sleep in a watch until the process is gone */
    fi
}
