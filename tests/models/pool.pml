/* SPDX-License-Identifier: MIT */

/*
 * The pool of after.c: no work is lost, each fn has a thread to itself where
 * one can be had, and closing it joins every thread once.
 *
 * quick: -DFUNCS=2 -DSTEADY
 * deep:  -DFUNCS=2 -DMAY_FAIL -DENOUGH_IDLE=2
 * mutants: NO_ANNOUNCE ANNOUNCE_FIRST NEWS_UNLOCKED CLOSE_TELLS_NOT
 * mutants: LEAVE_TELLS_NOT LEFT_NOT_JOINED
 * mutants: LEAVES_ALWAYS NO_SPARE/-DFUNCS=2,-DDEPEND
 * mutants: START_FAILS/-DFUNCS=2,-DSTEADY,-DMAY_FAIL
 * mutants: LEFT_TAKEN_LATE
 */

#include "core.inc"

#define RUNNERS (2 * FUNCS) /* one for each registration, and each fn */
#ifndef ENOUGH_IDLE
#define ENOUGH_IDLE 1 /* others, for a thread to leave */
#endif
#define CLOSER FUNCS
#define NONE 99

/* What the pool's lock guards is one step. */
chan queue = [FUNCS] of { byte };
byte threads;  /* that there are */
byte starting; /* that may come to be, or have not got to work yet */
byte idle, news;
byte there;    /* as `threads`, from when they start */
byte busy;                    /* pool.running */
bit is_closed;
byte left = NONE;             /* to be joined */
bit asleep[FUNCS + 1 + RUNNERS]; /* on `news`, by process */
bit is_done[FUNCS]; /* how it is waited for is in after.pml */
byte ran;
byte over;                    /* registrations that are given back */
byte started;
bit ended[RUNNERS], joined[RUNNERS];

inline announce() /* in one step: its order is in clock.pml */
{
    d_step {
        news++;
        for (i : 0 .. FUNCS + RUNNERS) { os_wake(asleep[i]) }
        i = 0
    }
}

inline os_join(thread)
{
    ended[thread];
    d_step { assert(!joined[thread]); joined[thread] = 1 }
}

#ifdef MAY_FAIL
#define CAN_FAIL true
#else
#define CAN_FAIL false
#endif

inline start_thread() /* and what stands before it, under the same lock */
{
    if
    :: atomic { is_needed -> is_needed = 0 }
       if
       :: CAN_FAIL -> atomic { starting--; err = 1 }
       :: atomic { run runner(started); started++; there++ }
          threads++ /* it may be at work by now, or gone */
       fi;
       announce()
    :: !is_needed
    fi
}

inline need_thread()
{
#ifdef MUTANT_START_FAILS /* trusts that what is starting will be */
    is_needed = (threads + starting == 0);
#else
    is_needed = (threads == 0); /* asked without the lock */
#endif
    starting = starting + is_needed;
    start_thread()
}

proctype runner(byte me) /* run_thread() */
{
    byte i, last, after = NONE, before = NONE;
    bit err, is_needed, was_idle;
    bit was_starting = 1;
    do
    :: atomic { /* from when it has the lock */
           idle = idle - was_idle;
           starting = starting - was_starting;
           was_idle = 0;
           was_starting = 0;
           last = 0;
           if
           :: !is_closed && nempty(queue) -> /* take_work() */
              queue ? after;
              busy++;
#ifndef MUTANT_NO_SPARE
              is_needed = (idle + starting == 0); /* work() */
              starting = starting + is_needed
#endif
           :: is_closed || empty(queue) ->
              if
#ifndef MUTANT_LEFT_NOT_JOINED
              :: left != NONE -> /* join_left() */
                 before = left;
#ifndef MUTANT_LEFT_TAKEN_LATE
                 left = NONE
#endif
#endif
              :: else ->
                 if
#ifdef MUTANT_LEAVES_ALWAYS
                 :: true -> left = me; threads--; there--; break
#else
                 :: is_closed || idle >= ENOUGH_IDLE ->
                    left = me;
                    threads--;
                    there--;
                    break
                 :: else -> /* be_idle() */
                    idle++;
                    was_idle = 1;
                    last = news
#endif
                 fi
              fi
           fi
       }
       if
       :: after != NONE -> /* work() */
          start_thread(); /* if it can be had */
#ifdef DEPEND /* the first function waits for what the second one does */
          after != 0 || ran == FUNCS - 1;
#endif
          atomic { ran++; busy--; is_done[after] = 1; after = NONE; err = 0 }
       :: before != NONE ->
#ifdef MUTANT_LEFT_TAKEN_LATE
          os_join(before);
          atomic { left = NONE; before = NONE }
#else
          atomic { os_join(before); before = NONE }
#endif
       :: was_idle ->
#ifdef MUTANT_NEWS_UNLOCKED
          last = news;
#endif
          os_wait(news, last, asleep[_pid])
       fi
    od;
#ifndef MUTANT_LEAVE_TELLS_NOT
    announce();
#endif
    ended[me] = 1
}

active [FUNCS] proctype registrar() /* of a context that ends at once */
{
    byte i;
    bit err, is_needed;
    need_thread(); /* belay_after_func() */
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
#ifndef MUTANT_START_FAILS
       assert(there > 0); /* what follows is for a child of fork() only */
#if ENOUGH_IDLE >= FUNCS /* else those there are may all have yet to be counted */
       assert(threads > 0);
#endif
#endif
       is_done[_pid] /* belay_after_join() */
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
       is_over = (threads + starting == 0);
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
