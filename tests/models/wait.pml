/* SPDX-License-Identifier: MIT */

/*
 * Waiting (wait.c: wait_until) against cancel (watch.c: belay__gather): no
 * waiter sleeps for ever, none is touched when it has returned, and one that
 * returns the error finds all below ended, as well.  The first waits without
 * end, the others until some instant.
 *
 * quick: -DWAITERS=2
 * deep:  -DWAITERS=3
 * mutants: STATE_UNLOCKED NO_WAKE WAKE_FIRST NO_EXPECTED TIMEOUT_LEAVES
 * mutants: RESULT_IGNORED NO_AWAIT
 */

#include "core.inc"

#define IDLE 0
#define WATCHING 1
#define ERROR 2 /* negative, in the core */

bit locked;
byte state, state_below;
byte waiter[WAITERS]; /* the state of the watch on the waiter's stack */
bit listed[WAITERS];
bit asleep[WAITERS];
bit returned[WAITERS]; /* its stack is something else */
bit freed;             /* the context */
byte entered;          /* waiters that do not need it any more */

#define use(w) assert(!returned[w])

active [WAITERS] proctype waiting() /* wait_until() */
{
    byte me = _pid;
    byte seen, ret;
    assert(!freed);
#ifdef MUTANT_STATE_UNLOCKED
    seen = state;
#endif
    lock(locked); /* belay__watch() */
#ifndef MUTANT_STATE_UNLOCKED
    seen = state;
#endif
    if
    :: seen == LIVE -> listed[me] = 1; waiter[me] = WATCHING
    :: else
    fi;
    unlock(locked);
    entered++;
    if
    :: seen != LIVE -> ret = ERROR; goto out
    :: else
    fi;
    do
    :: seen = waiter[me];
       if
       :: seen == ERROR ->
          ret = ERROR;
#ifndef MUTANT_NO_AWAIT
          if /* await_marking() */
          :: !locked
          :: locked -> lock(locked); unlock(locked)
          fi;
#endif
          break
       :: else
       fi;
#ifdef MUTANT_NO_EXPECTED
       asleep[me] = 1;
       asleep[me] == 0
#else
       if
       :: os_wait(waiter[me], WATCHING, asleep[me])
       :: me > 0 -> /* -ETIMEDOUT, -> belay_try_unwatch() */
#ifdef MUTANT_TIMEOUT_LEAVES
          ret = 0;
          break
#else
          if
          :: waiter[me] != WATCHING -> seen = 0 /* is_idle() */
          :: else ->
             lock(locked);
             seen = (waiter[me] == WATCHING);
             if
             :: seen -> listed[me] = 0; waiter[me] = IDLE
             :: else
             fi;
             unlock(locked)
          fi;
#ifdef MUTANT_RESULT_IGNORED
          seen = 1;
#endif
          if
          :: seen == 1 -> ret = 0; assert(waiter[me] != ERROR); break
          :: else
          fi
#endif
       fi
#endif
    od;
out:
    assert(ret != ERROR || (state == ENDED && state_below == ENDED));
    returned[me] = 1
}

active proctype canceler() /* belay_end() */
{
    byte i;
    lock(locked);
    state = ENDING;
    do /* belay__gather() */
    :: i == WAITERS -> break
    :: i < WAITERS && !listed[i] -> i++
    :: i < WAITERS && listed[i] ->
       use(i);
       listed[i] = 0;
#ifdef MUTANT_WAKE_FIRST
       os_wake(asleep[i]);
#endif
       waiter[i] = ERROR;
#if !defined(MUTANT_WAKE_FIRST) && !defined(MUTANT_NO_WAKE)
       os_wake(asleep[i]);
#endif
       i++
    od;
    state_below = ENDED;
    state = ENDED;
    unlock(locked);
    entered == WAITERS; /* who waits needs the context until it is listed */
    freed = 1
}

ltl woken { [] ((state == ENDED) -> <> (returned[0] && returned[1])) }
