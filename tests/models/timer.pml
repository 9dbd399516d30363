/* SPDX-License-Identifier: MIT */

/*
 * Deadlines that pass while their contexts are ended and given back (clock.c:
 * mark_due, tell; cancel.c: end_and_drop).  The clock holds no reference: what
 * it touches of a context, it touches under the lock.
 *
 * quick: -DCLOCKS=1
 * deep:  -DCLOCKS=2
 * mutants: NO_DISARM VANISH_ARMED MARKS_LATE TELLS_LATE
 * mutants: POPS_UNLOCKED/-DCLOCKS=2 LISTED_BY_STACK
 */

#include "core.inc"

#define PARENT 0 /* both have a deadline; the parent has the watch */
#define CHILD 1
#define IDLE 0
#define WATCHING 1
#define TELLING 2
#define AWAITED 3

bit locked;
byte state[2];
bit armed[2] = 1;  /* in the wheel, */
bit is_due[2];     /* or in a list on the stack of a clock */
bit listed = 1;    /* the child, in the parent's children */
bit freed[2];
byte watch = WATCHING;
bit has_watch = 1; /* in the parent's list */
byte due;          /* who has it to be told: */
#define CLOCK 1    /* the clocks, in family->due */
#define MAKER 2    /* or who has ended it, on the stack */
bit asleep;
byte told;
bit taken, watch_freed;

#define use(n) assert(!freed[n])

inline disarm(it) { d_step { armed[it] = 0; is_due[it] = 0 } }

inline enter(it, whose)
{
    use(it);
    assert(state[it] == LIVE);
    state[it] = ENDING;
#ifndef MUTANT_NO_DISARM
    disarm(it);
#endif
    if
    :: it == PARENT && has_watch -> has_watch = 0; due = whose /* belay__gather() */
    :: else
    fi
}

inline mark(top, who) /* belay__mark() */
{
    enter(top, who);
    if
    :: top == PARENT && listed -> 
       listed = 0; enter(CHILD, who); state[CHILD] = ENDED
    :: top == CHILD -> listed = 0
    :: else
    fi;
    state[top] = ENDED
}

inline tell(list) /* belay__tell() */
{
#ifndef MUTANT_POPS_UNLOCKED
    lock(locked);
#endif
    if
    :: due == list ->
       assert(!watch_freed && watch == WATCHING);
       due = 0;
       watch = TELLING;
#ifndef MUTANT_POPS_UNLOCKED
       unlock(locked);
#endif
       told++;
       assert(!taken && told == 1);
       lock(locked);
       assert(!watch_freed);
       watch = IDLE;
       unlock(locked);
       os_wake(asleep)
    :: else ->
#ifndef MUTANT_POPS_UNLOCKED
       unlock(locked)
#endif
    fi
}

active [CLOCKS] proctype clock() /* the thread, and belay_clock_run() */
{
    byte i;
    bit any;
    lock(locked); /* mark_family() */
    d_step { /* belay__due() */
        for (i : 0 .. 1) { is_due[i] = is_due[i] || armed[i]; armed[i] = 0 }
        i = 0
    }
#ifdef MUTANT_MARKS_LATE
    unlock(locked);
#endif
    do /* mark_due(): in either order */
#ifdef MUTANT_LISTED_BY_STACK /* does not look again who is still due */
    :: i == 0 -> any = is_due[CHILD]; i = 1
    :: i == 1 && is_due[PARENT] -> mark(PARENT, CLOCK)
    :: i == 1 && any -> mark(CHILD, CLOCK); any = 0
    :: i == 1 && !is_due[PARENT] && !any -> break
#else
    :: is_due[PARENT] ->
       mark(PARENT, CLOCK)
    :: is_due[CHILD] ->
       mark(CHILD, CLOCK)
    :: !is_due[PARENT] && !is_due[CHILD] -> break
#endif
    od;
    any = (due == CLOCK);
#ifndef MUTANT_MARKS_LATE
    unlock(locked);
#endif
    if
    :: any ->
#ifdef MUTANT_TELLS_LATE
       use(PARENT); /* asks the context for its error, say */
#endif
       tell(CLOCK)
    :: else
    fi
}

inline belay_end(node) /* end_and_drop(); each has one reference */
{
    lock(locked);
    use(node);
    if
    :: state[node] == LIVE && (node == CHILD || !has_watch) -> /* vanish() */
#ifndef MUTANT_VANISH_ARMED
       disarm(node);
#endif
       if
       :: node == CHILD -> listed = 0
       :: else
       fi;
       unlock(locked)
    :: else ->
       if
       :: state[node] == LIVE -> mark(node, MAKER); unlock(locked); tell(MAKER)
       :: else -> unlock(locked)
       fi
    fi;
    freed[node] = 1
}

active proctype maker()
{
    byte ret;
    if
    :: belay_end(CHILD)
    :: true
    fi;
    belay_end(PARENT);
    lock(locked); /* belay_unwatch(): of a context that is gone */
    if
    :: watch == WATCHING ->
       assert(due);
       due = 0; watch = IDLE; taken = 1; unlock(locked)
    :: watch == TELLING -> watch = AWAITED; unlock(locked)
    :: else -> unlock(locked)
    fi;
    do
    :: watch == AWAITED -> os_wait(watch, AWAITED, asleep)
    :: watch != AWAITED -> break
    od;
    watch_freed = 1;
    if
    :: !freed[CHILD] -> belay_end(CHILD)
    :: else
    fi
}

active proctype end()
{
    timeout;
    assert(told + taken == 1 && watch_freed);
    assert(freed[PARENT] && freed[CHILD] && !armed[PARENT] && !armed[CHILD])
}
