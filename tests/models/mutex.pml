/* SPDX-License-Identifier: MIT */

/*
 * The mutex (work/mutex.c): one at a time has it, and whoever waits for it gets
 * it, or its context ends, though running threads pass those that wait, who are
 * called leave, and who has waited long is handed it.  A wait that nobody ends
 * is the last state of its process: no call is missed.
 *
 * quick: -DLOCKERS=3 -DROUNDS=1 -DENDING=1
 * deep:  -DLOCKERS=3 -DROUNDS=2 -DENDING=1
 * mutants: NO_CALLS_LEFT NO_CALLS LEAVES_WITHOUT_LOOKING SLEEPS_WITHOUT_LOOKING
 * mutants: HANDED_FREE CALLED_NOBODY NOT_REMOVED HANDED_CALLS_FORGOTTEN
 * mutants: UNLOCKED_BLINDLY
 */

#include "core.inc"

#define LOCKED 1
#define CALLS 3 /* LOCKED | CALLS, in the C code */
#define TURNS 4 /* that one locker has had, and another may still be ending */

bit guard;
byte state;
chan queue = [LOCKERS] of { byte };
bit claim[LOCKERS];   /* its turn can be claimed */
byte turn[LOCKERS];   /* which one it is */
bit over[LOCKERS * TURNS]; /* the turn has been ended */
bit owed[LOCKERS];
bit has_it[LOCKERS];
byte inside;

#define waits(who) queue??[eval(who)]

/* Under the guard. */
inline take() {
    if
    :: has_it[me] -> mine = 1
    :: else ->
       atomic { /* compare and exchange */
           if
           :: state == 0 -> state = LOCKED; mine = 1
           :: else ->
#ifndef MUTANT_NO_CALLS
              state = CALLS;
#endif
              mine = 0
           fi
       };
       if
       :: mine ->
          has_it[me] = 1;
#ifndef MUTANT_NOT_REMOVED
          queue??eval(me);
#endif
#ifndef MUTANT_NO_CALLS_LEFT
          if
          :: nempty(queue) -> state = CALLS
          :: empty(queue)
          fi
#endif
       :: else
       fi
    fi
}

inline unlock_mutex() {
    atomic { /* compare and exchange */
        if
#ifdef MUTANT_UNLOCKED_BLINDLY
        :: true -> state = 0; slow = 0
#else
        :: state == LOCKED -> state = 0; slow = 0
        :: else -> slow = 1
#endif
        fi
    };
    if
    :: slow ->
       lock(guard);
       called = 0;
       if
       :: empty(queue) -> state = 0
       :: nempty(queue) ->
          queue?<first>;
          atomic { called = claim[first]; claim[first] = 0 };
          ended_turn = first * TURNS + turn[first];
          if
          :: owed[first] ->
             has_it[first] = 1;
             queue?first;
#ifdef MUTANT_HANDED_FREE
             state = 0
#else
             if
#ifdef MUTANT_HANDED_CALLS_FORGOTTEN
             :: true -> state = LOCKED
#else
             :: empty(queue) -> state = LOCKED
             :: nempty(queue) -> state = CALLS
#endif
             fi
#endif
          :: else -> state = 0
          fi
       fi;
       unlock(guard);
#ifndef MUTANT_CALLED_NOBODY
       if
       :: called -> over[ended_turn] = 1 /* belay_end() */
       :: else
       fi
#endif
    :: else
    fi
}

active [LOCKERS] proctype locker()
{
    byte me = _pid;
    byte round, first, ended_turn;
    bit mine, slow, called, err;
    do
    :: round == ROUNDS -> break
    :: else ->
       round++;
       mine = 0;
       err = 0;
       atomic { /* belay_mutex_try_lock() */
           if
           :: state == 0 -> state = LOCKED; mine = 1
           :: else
           fi
       };
       if
       :: mine -> goto locked
       :: else
       fi;
       has_it[me] = 0;
       owed[me] = 0;
       lock(guard);
       queue!me;
       unlock(guard);
       do /* lock_slowly() */
       :: true ->
          lock(guard);
#ifdef MUTANT_LEAVES_WITHOUT_LOOKING
          if
          :: err -> mine = has_it[me]
          :: else -> take()
          fi;
#else
          take();
#endif
          if
          :: !mine && err -> queue??eval(me)
          :: else
          fi;
          unlock(guard);
          if
          :: mine || err -> break
          :: else
          fi;
          if /* await_call(): the first have contexts that may end */
          :: me < ENDING -> err = 1
          :: true ->
             turn[me] = (turn[me] + 1) % TURNS;
             over[me * TURNS + turn[me]] = 0;
             claim[me] = 1;
             lock(guard);
             if
             :: owed[me] = 1
             :: true
             fi;
#ifndef MUTANT_SLEEPS_WITHOUT_LOOKING
             take();
#endif
             unlock(guard);
             if
             :: mine
             :: !mine && over[me * TURNS + turn[me]] -> skip
             :: !mine && me < ENDING -> err = 1
             fi;
             claim[me] = 0 /* belay__turn_end() */
          fi
       od;
       if
       :: mine ->
locked:
          inside++;
          assert(inside == 1);
          inside--;
          unlock_mutex()
       :: else
       fi
    od
}

