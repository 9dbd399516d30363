/* SPDX-License-Identifier: MIT */

/*
 * A turn (work/turn.c), with places in two queues and a watch, as a select has
 * it: it is served once, or its context ends, and both sides agree; an element
 * is handed over or kept; nothing is touched that the waiter has taken with it;
 * and it does not wait while there is something for it.
 *
 * quick: -DQUEUES=2
 * deep:  -DQUEUES=3
 * mutants: CLAIM_IN_STEPS SERVED_LATE JOIN_WITHOUT_LOOKING JOIN_LATE
 * mutants: LEAVE_WITHOUT_GUARDS STAYS END_WINS NO_REF NOT_UNWATCHED NOT_ENDED
 * mutants: ENDED_BY_BOTH
 */

#include "core.inc"

#define NOBODY 255
#define WATCH QUEUES

bit guard[QUEUES];
bit listed[QUEUES];  /* the waiter's place is in the queue */
byte stock[QUEUES];  /* elements that nobody has received */
byte given[QUEUES];  /* elements that were handed to the waiter */
bit claim;           /* the turn can be claimed */
byte served = NOBODY;
bit over;            /* the turn has ended: by whoever claimed it, or its parent */
byte refs;           /* to the turn's context */
bit watched, telling, told;
bit gone;            /* the waiter's stack is something else */
byte result = NOBODY;
byte through;        /* processes that are */
byte absent;         /* senders that never came */

#define use() assert(!gone)
#define use_ctx() assert(refs > 0)

#define take_claim(ret) atomic { ret = claim; claim = 0 }

inline serve(place, ret) {
    use();
#ifdef MUTANT_CLAIM_IN_STEPS
    ret = claim;
    claim = 0;
#else
    take_claim(ret);
#endif
#ifndef MUTANT_SERVED_LATE
    if
    :: ret -> served = place
    :: else
    fi
#endif
}

inline end_turn() { /* belay_end(): the maker's reference */
    use_ctx();
#ifndef MUTANT_NOT_ENDED
    over = 1;
#endif
    refs--
}

inline lock_all() {
    for (i : 0 .. QUEUES - 1) {
        lock(guard[i])
    }
}

inline unlock_all() {
    for (i : 0 .. QUEUES - 1) {
        unlock(guard[i])
    }
}

active proctype waiter()
{
    byte i;
    bit mine, ours;
    refs = 1; /* belay__turn_begin() */
#ifndef MUTANT_NO_REF
    refs++;
#endif
    claim = 1;

    lock_all(); /* try_cases() */
#ifndef MUTANT_JOIN_WITHOUT_LOOKING
    for (i : 0 .. QUEUES - 1) {
        if
        :: stock[i] > 0 && result == NOBODY -> stock[i]--; result = i
        :: else
        fi
    };
#endif
#ifdef MUTANT_JOIN_LATE
    unlock_all();
    lock_all();
#endif
    if
    :: result == NOBODY ->
       for (i : 0 .. QUEUES - 1) {
           listed[i] = 1
       }
    :: else
    fi;
    unlock_all();
    if
    :: result != NOBODY -> goto out
    :: else
    fi;

    atomic { watched = !told; mine = told }; /* belay_watch() */
    if
    :: mine ->
       serve(WATCH, ours);
       if
       :: ours -> end_turn()
       :: else
       fi
    :: else
    fi;
    over; /* belay_wait() */
    use_ctx();
#ifndef MUTANT_NOT_UNWATCHED
    atomic { watched = 0; !telling };
#endif
#ifndef MUTANT_LEAVE_WITHOUT_GUARDS
    lock_all();
#endif
#ifndef MUTANT_STAYS
    for (i : 0 .. QUEUES - 1) {
        listed[i] = 0
    };
#endif
#ifndef MUTANT_LEAVE_WITHOUT_GUARDS
    unlock_all();
#endif
#ifdef MUTANT_END_WINS
    if
    :: !claim && over && served < QUEUES -> result = served
    :: true -> result = NOBODY
    fi;
#else
    result = served;
#endif

out:
    take_claim(ours); /* belay__turn_end() */
#ifdef MUTANT_ENDED_BY_BOTH
    ours = 1;
#endif
    if
    :: ours -> end_turn()
    :: else
    fi;
#ifndef MUTANT_NO_REF
    use_ctx();
    refs--;
#endif
    gone = 1;
    through++
}

/*
 * A sender that does not wait: what nobody receives stays in the channel.
 * There may be none for some.
 */
proctype sender(byte me)
{
    bit called;
    if
    :: me > 0 -> absent++; goto out
    :: true
    fi;
    lock(guard[me]);
    if
    :: listed[me] ->
       listed[me] = 0;
       serve(me, called)
    :: else
    fi;
    if
    :: called -> use(); given[me]++
    :: else -> stock[me]++
    fi;
    unlock(guard[me]);
#ifdef MUTANT_SERVED_LATE
    if
    :: called -> served = me
    :: else
    fi;
#endif
    if
    :: called -> end_turn()
    :: else
    fi;
out:
    through++
}

/*
 * Another context, which the select watches, ends, or does not: serve() in
 * select_case.c.
 */
proctype teller()
{
    bit called;
    atomic {
        if
        :: true -> skip
        :: watched -> telling = 1
        :: else -> told = 1
        fi
    };
    if
    :: telling ->
       serve(WATCH, called);
#ifdef MUTANT_SERVED_LATE
       if
       :: called -> served = WATCH
       :: else
       fi;
#endif
       if
       :: called -> end_turn()
       :: else
       fi;
       telling = 0
    :: else
    fi;
    through++
}

/* The context of the select ends, and the turn with it; or it never does. */
proctype ender()
{
    if
    :: refs > 0 -> over = 1
    :: true
    fi;
    through++
}

init
{
    byte i, all;
    atomic {
        for (i : 0 .. QUEUES - 1) {
            run sender(i)
        };
        run teller();
        run ender()
    };
    do
    :: through == QUEUES + 3 -> break
    :: timeout ->
       /* The waiter waits on: rightly so.  Its context ends at last. */
       assert(served == NOBODY && refs > 0 && !over);
       for (i : 0 .. QUEUES - 1) {
           assert(stock[i] == 0)
       };
       over = 1
    od;
    /* Each element is with the waiter or in its channel, and none twice. */
    for (i : 0 .. QUEUES - 1) {
        assert(given[i] == 0 || result == i);
        all = all + given[i] + stock[i] + (served == NOBODY && result == i)
    };
    assert(all == QUEUES - absent);
    assert(refs == 0)
}
