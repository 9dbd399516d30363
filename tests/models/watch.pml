/* SPDX-License-Identifier: MIT */

/*
 * Watching, telling and taking back (watch.c): waiting, not waiting, and from
 * inside the function that is told, which may also register it anew.
 *
 * quick: -DTAKERS=2
 * deep:  -DTAKERS=3
 * mutants: STATE_UNLOCKED NO_WAIT NO_WAKE WAKE_FIRST NO_FORGET FORGET_AWAITED
 * mutants: AWAITED_UNLOCKED TOUCH_LATE TELL_UNLOCKED INSIDE_WAITS TELL_LISTED
 * mutants: AGAIN AGAIN_NOT_FORGOTTEN FIRST_LOCK FAMILY_UNLOCKED FAMILY_FIRST
 */

#include "core.inc"

#define IDLE 0
#define WATCHING 1
#define TELLING 2
#define AWAITED 3
#define NOWHERE 0
#define IN_CONTEXT 1 /* in the context's watches */
#define PENDING 2    /* in the list of those to be told */
#define ELSEWHERE 3  /* in the watches of what does not end here */

bit locks[2]; /* the family's, and that of where fn registers it anew */
bit family;  /* of the watch: whose lock guards it */
byte state;  /* of the context */
byte watch;  /* its state */
byte list;   /* that it is in */
bit current; /* what is being told: this one, or forgotten */
bit asleep[TAKERS];

bit freed;   /* the watch's memory */
byte told;   /* how often */
bit telling; /* fn has not returned */
byte taken;  /* back, how often */
bit forgotten; /* fn took it back itself, or used it again: to others it is over */
bit is_again;  /* registered by fn: its memory is needed further */
bit may_free;  /* somebody knows that it is told or taken back */
byte registered; /* how often */
bit begun;
byte done;   /* takers that do not use it any more */

#define use assert(!freed)
#define wake_all /* OS(wake), by address */ \
    d_step { for (i : 0 .. TAKERS - 1) { os_wake(asleep[i]) } i = 0 }

inline belay_watch()
{
    use;
#ifdef MUTANT_STATE_UNLOCKED
    is_live = (state == LIVE);
#endif
    lock(locks[0]);
#ifndef MUTANT_STATE_UNLOCKED
    is_live = (state == LIVE);
#endif
    if
    :: is_live -> list = IN_CONTEXT; registered++
    :: else
    fi;
    watch = (is_live -> WATCHING : IDLE);
    unlock(locks[0])
}

inline lock_watch()
{
    do
    :: use;
       mine = family;
       lock(locks[mine]);
#ifdef MUTANT_FIRST_LOCK
       break
#else
       use;
       if
       :: family == mine -> break
       :: else -> unlock(locks[mine])
       fi
#endif
    od
}

inline take_back(ret_taken) /* under the lock of `mine` */
{
    use;
    if
    :: watch == WATCHING ->
       assert(list != NOWHERE);
       assert(mine == (list == ELSEWHERE)); /* HELD() */
       list = NOWHERE; watch = IDLE; ret_taken = 1;
       taken++;
       assert(told + taken <= registered)
    :: watch == TELLING || watch == AWAITED -> ret_taken = 2 /* -EBUSY */
    :: else -> ret_taken = 0
    fi
}

inline belay_unwatch(here) /* by another thread than the teller */
{
    use;
    if
    :: watch == IDLE -> ret = 0 /* is_idle() */
    :: else ->
       lock_watch();
       take_back(ret);
#ifdef MUTANT_AWAITED_UNLOCKED
       unlock(locks[mine]);
#endif
       if
       :: ret == 2 -> watch = AWAITED
       :: else
       fi;
#ifndef MUTANT_AWAITED_UNLOCKED
       unlock(locks[mine]);
#endif
#ifndef MUTANT_NO_WAIT
       do
       :: ret == 2 && watch == AWAITED ->
          use;
          os_wait(watch, AWAITED, asleep[here])
       :: ret != 2 || watch != AWAITED -> break
       od
#endif
    fi
}

inline belay_try_unwatch()
{
    use;
    if
    :: watch == IDLE -> ret = 0
    :: else -> lock_watch(); take_back(ret); unlock(locks[mine])
    fi
}

inline unwatch_inside() /* belay_unwatch(), is_told_inside() */
{
    lock_watch();
    take_back(ret);
    assert(ret == 2);
#ifdef MUTANT_INSIDE_WAITS
    watch = AWAITED;
    unlock(locks[0]);
    watch != AWAITED
#else
    if
#ifdef MUTANT_FORGET_AWAITED
    :: true
#else
    :: watch == TELLING
#endif
       ->
#ifndef MUTANT_NO_FORGET
       current = 0; /* forget() */
#endif
       forgotten = 1;
       watch = IDLE
#ifndef MUTANT_FORGET_AWAITED
    :: else
#endif
    fi;
    unlock(locks[0])
#endif
}

inline watch_again() /* belay__watch(), from inside fn */
{
    is_again = 1;
    use;
#ifdef MUTANT_AGAIN /* the teller forgets it, and that is all */
    current = 0;
#else
    lock(locks[0]); /* finish_here() */
#ifndef MUTANT_AGAIN_NOT_FORGOTTEN
    current = 0;
#endif
    forgotten = 1;
    is_awaited = (watch == AWAITED);
#ifdef MUTANT_FAMILY_FIRST
    family = 1;
#endif
    watch = IDLE;
#ifndef MUTANT_FAMILY_UNLOCKED
    family = 1; /* under the old lock, and when it is idle */
#endif
    unlock(locks[0]);
    if
    :: is_awaited -> wake_all
    :: else
    fi;
#endif
    family = 1;
    lock(locks[1]);
    use;
    list = ELSEWHERE; watch = WATCHING; registered++;
    unlock(locks[1])
}

inline finish() /* under the lock, after fn */
{
    if
    :: current ->
       use;
       current = 0;
       is_awaited = (watch == AWAITED);
#ifdef MUTANT_WAKE_FIRST
       if
       :: is_awaited -> wake_all
       :: else
       fi;
#endif
       watch = IDLE;
#ifdef MUTANT_TOUCH_LATE
       use;
#endif
       if
#if !defined(MUTANT_NO_WAKE) && !defined(MUTANT_WAKE_FIRST)
       :: is_awaited -> unlock(locks[0]); wake_all; lock(locks[0])
#endif
       :: else
       fi
    :: else
    fi
}

active proctype canceler() /* belay_cancel(): end(), belay__tell() */
{
    byte ret, i;
    bit is_awaited, mine;
    lock(locks[0]);
    state = ENDING;
    if
    :: list == IN_CONTEXT -> use; list = PENDING /* belay__gather() */
    :: else
    fi;
    state = ENDED;
#ifdef MUTANT_TELL_UNLOCKED
    unlock(locks[0]);
#endif
    if
    :: list == PENDING -> /* tell_next() */
       use;
#ifndef MUTANT_TELL_LISTED
       list = NOWHERE;
       watch = TELLING;
#endif
       current = 1;
#ifndef MUTANT_TELL_UNLOCKED
       unlock(locks[0]);
#endif

       telling = 1; /* fn */
       told++;
       assert(!taken && told == 1);
       if
       :: true
       :: unwatch_inside();
          if
          :: atomic { done == TAKERS && !freed -> freed = 1 } /* by fn */
          :: else
          fi
       :: watch_again()
       fi;
       telling = 0;

       lock(locks[0]);
       finish()
    :: else
#ifdef MUTANT_TELL_UNLOCKED
       -> lock(locks[0])
#endif
    fi;
    unlock(locks[0])
}

/* The first has registered it.  Who takes it back may have it freed then. */
active [TAKERS] proctype taker()
{
    byte ret, i;
    byte here = _pid - 1;
    bit is_live, mine;
    if
    :: here == 0 -> belay_watch(); begun = 1
    :: else -> begun
    fi;
    if
    :: belay_unwatch(here);
       assert(!telling || forgotten); /* it has waited */
       may_free = 1
    :: belay_try_unwatch();
       assert(!telling || ret != 0 || forgotten);
       may_free = may_free || ret != 2
    :: true
    fi;
    atomic {
        done++;
        if
        :: done == TAKERS && may_free && !is_again -> assert(!freed); freed = 1
        :: else
        fi
    }
}

/* Told or taken back, never both, never neither. */
active proctype end()
{
    timeout;
    assert(done == TAKERS);
    assert(told + taken + (list == ELSEWHERE) == registered);
    assert((watch == WATCHING) == (list == ELSEWHERE))
}
