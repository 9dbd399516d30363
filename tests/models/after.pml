/* SPDX-License-Identifier: MIT */

/*
 * The life of one after-function (after.c: fire, work, stop, join): it is
 * prevented or it runs, and of whoever runs it and whoever gives it back, the
 * second to come frees it.  In the child of a fork() that can have no thread,
 * it may be abandoned instead.  The pool is in pool.pml.
 *
 * quick:
 * deep:
 * mutants: NOT_FORGOTTEN RUNNER_FREES_NOT STOP_FREES_NOT DONE_EARLY WAKE_FIRST
 * mutants: NO_WAKE JOIN_INSIDE LISTED_LATE EXCHANGE_IN_TWO_STEPS
 * mutants: JOIN_DOES_NOT_WAIT JOIN_FREES_NOT BUSY_IS_TAKEN ABANDONED
 */

#include "core.inc"

#define IDLE 0
#define WATCHING 1
#define TELLING 2

#define REGISTERED 0
#define DONE 1
#define GIVEN_BACK 2

bit locked, pool_locked;
byte watch = WATCHING;
bit current;      /* what the teller will touch after `fire` */
bit queued, running;
byte state = REGISTERED;
bit asleep;       /* whoever joins */

byte freed, ran, prevented;
bit is_child;        /* and no thread can be had */
byte abandoned = 99; /* in what state */
bit fn_is_over;
bit given_back; /* by exactly one of stop and join */

#define use assert(!freed)

inline free_after()
{
    d_step { use; assert(!queued && !running); freed++ }
}

inline exchange_state(new, ret_old)
{
#ifdef MUTANT_EXCHANGE_IN_TWO_STEPS
    use;
    ret_old = state;
    state = new
#else
    d_step { use; ret_old = state; state = new }
#endif
}

inline try_unwatch(ret_taken)
{
    use;
    if
    :: watch == IDLE -> ret_taken = 0
    :: else ->
       lock(locked);
       use;
       if
       :: watch == WATCHING -> watch = IDLE; ret_taken = 1
#ifdef MUTANT_BUSY_IS_TAKEN
       :: watch == TELLING -> ret_taken = 1
#else
       :: watch == TELLING -> ret_taken = 0
#endif
       :: else -> ret_taken = 0
       fi;
       unlock(locked)
    fi
}

inline stop_or_join(is_inside) /* belay_after_stop(), belay_after_join() */
{
    try_unwatch(taken); /* prevent() */
    if
    :: taken -> assert(!ran); prevented++; free_after()
    :: else ->
       if
#ifdef MUTANT_JOIN_INSIDE
       :: true -> /* join */
#else
       :: !is_inside -> /* join; from inside fn, it is stop */
#endif
#ifndef MUTANT_JOIN_DOES_NOT_WAIT
          do
          :: use; old = state;
             if
             :: old == DONE -> break
             :: else -> os_wait(state, REGISTERED, asleep)
             fi
          od;
#endif
          assert(fn_is_over || abandoned == REGISTERED);
#ifndef MUTANT_JOIN_FREES_NOT
          free_after()
#endif
       :: true -> /* stop */
          exchange_state(GIVEN_BACK, old);
          if
#ifndef MUTANT_STOP_FREES_NOT
          :: old == DONE -> free_after()
#endif
          :: else
          fi
       fi
    fi
}

active proctype canceler() /* tell_next() with fn = fire() */
{
    if
    :: is_child = 1
    :: true
    fi;
    lock(locked);
    if
    :: watch == WATCHING ->
       use;
       watch = TELLING; current = 1;
       unlock(locked);
#ifndef MUTANT_NOT_FORGOTTEN
       lock(locked); /* belay_unwatch() from inside */
       use;
       current = 0; watch = IDLE;
       unlock(locked);
#endif
       lock(pool_locked); /* enqueue() */
       use;
       queued = 1;
       unlock(pool_locked);
       if
       :: is_child ->
          lock(pool_locked); /* empty_queue(), abandon() */
          queued = 0;
          d_step { use; abandoned = state; state = DONE }
#ifndef MUTANT_ABANDONED
          os_wake(asleep);
#endif
          unlock(pool_locked)
       :: else
       fi;
       lock(locked);
       if
       :: current -> use; watch = IDLE /* finish() */
       :: else
       fi
    :: else
    fi;
    unlock(locked)
}

active proctype runner() /* take_work(), work() */
{
    byte old, taken;
end:
    atomic { queued && !is_child && !pool_locked -> queued = 0; running = 1 }
    use;
    ran++; /* fn */
    assert(ran == 1 && !prevented);
#ifdef MUTANT_DONE_EARLY
    exchange_state(DONE, old);
#endif
    if
    :: true
    :: atomic { !given_back -> given_back = 1 } stop_or_join(1)
    fi;
    fn_is_over = 1;
#ifndef MUTANT_LISTED_LATE
    lock(pool_locked);
    use;
    running = 0; /* LIST_REMOVE() */
    unlock(pool_locked);
#endif
#ifdef MUTANT_WAKE_FIRST
    os_wake(asleep);
#endif
#ifndef MUTANT_DONE_EARLY
    exchange_state(DONE, old);
#endif
    if
#ifndef MUTANT_RUNNER_FREES_NOT
    :: old == GIVEN_BACK -> free_after()
#endif
    :: else
#if !defined(MUTANT_NO_WAKE) && !defined(MUTANT_WAKE_FIRST)
       -> os_wake(asleep)
#endif
    fi;
#ifdef MUTANT_LISTED_LATE
    lock(pool_locked);
    use;
    running = 0;
    unlock(pool_locked)
#endif
}

active proctype owner()
{
    byte old, taken;
    if
    :: atomic { !given_back -> given_back = 1 } stop_or_join(0)
    :: given_back /* fn does it */
    fi
}

/*
 * What had been given back when it was abandoned stays: the child's, and lost.
 */
active proctype end()
{
    timeout;
    assert(!asleep);
    assert(ran + prevented + (abandoned != 99) == 1);
    assert(freed == (abandoned != GIVEN_BACK))
}
