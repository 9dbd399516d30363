/* SPDX-License-Identifier: MIT */

/*
 * The pool of after.c: no work is lost, each fn has a thread to itself where
 * one can be had, and closing it joins every thread once.
 *
 * quick: -DFUNCS=2 -DSTEADY
 * deep:  -DFUNCS=2 -DMAY_FAIL
 * mutants: NO_ANNOUNCE ANNOUNCE_FIRST NEWS_UNLOCKED CLOSE_TELLS_NOT
 * mutants: LEAVE_TELLS_NOT LEFT_NOT_JOINED
 * mutants: LEAVES_ALWAYS NO_SPARE/-DFUNCS=2,-DDEPEND
 * found: START_FAILS
 */

#include "core.inc"

#define RUNNERS (2 * FUNCS + 2)
#define CLOSER FUNCS
#define NONE 99

/* What the pool's lock guards is one step. */
chan queue = [FUNCS] of { byte };
byte threads, starting, idle, news;
byte busy;                    /* pool.running */
bit is_closed;
byte left = NONE;             /* to be joined */
bit asleep[FUNCS + 1 + RUNNERS]; /* on `news`, by process */
bit is_done[FUNCS], asleep_on[FUNCS];
byte ran;
byte over;                    /* registrations that are given back */
byte started;
bit ended[RUNNERS], joined[RUNNERS];

inline announce()
{
    news++;
    d_step {
        for (i : 0 .. FUNCS + RUNNERS) { os_wake(asleep[i]) }
        i = 0
    }
}

inline os_join(thread)
{
    ended[thread];
    d_step { assert(!joined[thread]); joined[thread] = 1 }
}

inline start_thread(can_fail, ret_err)
{
    atomic {
        is_needed = (!is_closed && idle + starting < 1);
        starting = starting + is_needed;
        threads = threads + is_needed;
        ret_err = 0
    }
    if
    :: is_needed ->
       is_needed = 0;
       if
       :: atomic { run runner(started); started++ }
       :: can_fail ->
          atomic { starting--; threads--; ret_err = 1 }
          announce()
       fi
    :: else
    fi
}

#ifdef MAY_FAIL
#define WORK_CAN_FAIL true
#else
#define WORK_CAN_FAIL false
#endif
#ifdef FOUND_START_FAILS /* the first thread of all may not be had, either */
#define FIRST_CAN_FAIL true
#else
#define FIRST_CAN_FAIL false
#endif

proctype runner(byte me) /* run_thread() */
{
    byte i, last, after, before;
    bit err, is_needed, was_idle;
    bit was_starting = 1;
    do
    :: atomic { /* from when it has the lock */
           idle = idle - was_idle;
           starting = starting - was_starting;
           was_idle = 0;
           was_starting = 0;
           if
           :: !is_closed && nempty(queue) -> /* take_work() */
              queue ? after;
              busy++
#ifdef MUTANT_LEAVES_ALWAYS
           :: is_closed || empty(queue) -> break
#else
           :: is_closed || (empty(queue) && idle > 0) -> break
           :: !is_closed && empty(queue) && idle == 0 ->
              idle++;
              was_idle = 1;
              last = news
#endif
           fi
       }
       if
       :: !was_idle -> /* work() */
#ifndef MUTANT_NO_SPARE
          start_thread(WORK_CAN_FAIL, err);
#endif
#ifdef DEPEND /* the first function waits for what the second one does */
          after != 0 || ran == FUNCS - 1;
#endif
          atomic { ran++; busy-- }
          is_done[after] = 1;
          os_wake(asleep_on[after]);
          after = 0
       :: was_idle ->
#ifdef MUTANT_NEWS_UNLOCKED
          last = news;
#endif
          os_wait(news, last, asleep[_pid]);
          last = 0
       fi
    od;
    atomic { before = left; left = me; threads-- } /* leave_pool() */
#ifndef MUTANT_LEAVE_TELLS_NOT
    announce();
#endif
#ifndef MUTANT_LEFT_NOT_JOINED
    if
    :: before != NONE -> os_join(before)
    :: else
    fi;
#endif
    ended[me] = 1
}

active [FUNCS] proctype registrar() /* of a context that ends at once */
{
    byte i;
    bit err, is_needed;
    if /* belay_after_func() */
    :: threads == 0 -> start_thread(FIRST_CAN_FAIL, err)
    :: else
    fi;
    if
    :: err /* NULL: refused */
    :: else ->
#ifdef MUTANT_ANNOUNCE_FIRST
       announce();
#endif
       queue ! _pid; /* fire(), enqueue() */
#if !defined(MUTANT_NO_ANNOUNCE) && !defined(MUTANT_ANNOUNCE_FIRST)
       announce();
#endif
#ifndef FOUND_START_FAILS
       assert(threads > 0); /* what follows is for a child of fork() only */
#endif
       do /* belay_after_join() */
       :: is_done[_pid] -> break
       :: !is_done[_pid] -> os_wait(is_done[_pid], 0, asleep_on[_pid])
       od
    fi;
    over++
}

active proctype closer() /* belay__after_close() */
{
    byte i, last;
    bit is_over;
    over == FUNCS;
    atomic { is_closed = 1; assert(!busy) }
    do
    ::
       atomic { news++; last = news } /* what announce() does */
#ifndef MUTANT_CLOSE_TELLS_NOT
       atomic { for (i : 0 .. FUNCS + RUNNERS) { os_wake(asleep[i]) } i = 0 }
#endif
       is_over = (threads == 0);
       if
       :: is_over -> break
       :: else
       fi;
       os_sleep(news, last, asleep[CLOSER]) /* else it counts for ever */
    od;
    if
    :: left != NONE -> os_join(left)
    :: else
    fi;
    for (i : 0 .. RUNNERS - 1) {
        assert(i >= started || joined[i])
    }
}
