/* SPDX-License-Identifier: MIT */

/*
 * A crowd (crowd.c): a parent whose children are under other locks than its
 * own is ended while they are made, counted, watched and given back.
 *
 * quick: -DDERIVERS=1
 * deep:  -DDERIVERS=2
 * mutants: STATE_UNLOCKED NO_CROWD_LOCKS HELD_NOT_SUMMED COUNTS_DEAD FREED_EARLY
 * mutants: LOOKS_TWICE UNLOCKS_EARLY VANISHES_HERE/-DDERIVERS=2 PENDING_SHARED
 */

#include "core.inc"

#define CROWDS 2
#define NOWHERE 0
#define IN_CONTEXT 1
#define ON_STACK 2 /* of who marks: told under the family's lock */
#define IN_CROWD 3 /* of its shard: told under that one's */

bit locked[1 + CROWDS]; /* the parent's family, then the crowds' */
byte state;             /* of the parent */
short refs = 1 + DERIVERS; /* its maker, derivers; children not in shards */
bit is_crowded, freed;
short held[CROWDS];     /* references that are counted in shards */
bit crowd_freed;

byte child[DERIVERS];    /* its state */
byte family[DERIVERS];   /* 0: the parent's; else 1 + shard */
bit listed[DERIVERS], child_freed[DERIVERS];
byte list;               /* the one that the watch of child 0 is in */
bit telling;             /* its list is being told: both at once is a race */
byte told;
bit taken, watched;

#define use assert(!freed)
#define use_crowd assert(is_crowded && !crowd_freed)

inline tell_watch(from) /* under a lock */
{
    if
    :: list == from ->
       assert(!telling);
       telling = 1;
       list = NOWHERE;
       telling = 0;
       told++;
       if
       :: from == IN_CROWD -> use_crowd
       :: else
       fi
    :: else
    fi
}

inline count_in_crowd(by, shard, ret_counted)
{
    ret_counted = 0;
    use;
    if
    :: is_crowded ->
       lock(locked[1 + shard]);
       use;
#ifdef MUTANT_COUNTS_DEAD
       ret_counted = 1;
#else
       ret_counted = (state == LIVE);
#endif
       if
       :: ret_counted -> use_crowd; held[shard] = held[shard] + by
       :: else
       fi;
       unlock(locked[1 + shard])
    :: else
    fi
}

inline drop_parent(shard) /* belay__drop(), let_go() */
{
    count_in_crowd(-1, shard, counted);
    if
    :: counted
    :: else ->
       lock(locked[0]);
       use;
       before = refs; /* count_refs() */
       refs = before - 1;
       before = 0;
       counted = (refs == 0);
       unlock(locked[0]);
       if
       :: counted -> d_step { use; freed = 1 }
       :: else
       fi
    fi
}

inline make_crowd() /* belay__make_crowd(), when there has been enough */
{
    lock(locked[0]);
    use;
    if
    :: state == LIVE -> is_crowded = 1
    :: else
    fi;
    unlock(locked[0])
}

inline adopt(shard) /* lock_for_child(), join() */
{
    use;
    mine = 0;
    if
    :: is_crowded ->
#ifdef MUTANT_STATE_UNLOCKED
       counted = (state == LIVE);
#endif
       lock(locked[1 + shard]);
#ifndef MUTANT_STATE_UNLOCKED
       counted = (state == LIVE);
#endif
       if
       :: counted -> mine = 1 + shard
       :: else -> unlock(locked[1 + shard]); lock(locked[0])
       fi
    :: else -> lock(locked[0])
    fi;
    family[me] = mine;
    if
#ifdef MUTANT_LOOKS_TWICE /* what it sees may be ENDING by now */
    :: mine > 0 && state != LIVE -> child[me] = state; held[shard]++
    :: mine > 0 && state == LIVE ->
#else
    :: mine > 0 ->
#endif
       use_crowd; listed[me] = 1; held[shard]++;
#ifndef MUTANT_STATE_UNLOCKED
       assert(state != ENDED)
#endif
    :: mine == 0 && state == LIVE -> listed[me] = 1; refs++
    :: mine == 0 && state != LIVE ->
       assert(state == ENDED);
       child[me] = ENDED;
       refs++
    fi;
    unlock(locked[mine])
}

active [DERIVERS] proctype deriver() /* holds the parent from the start */
{
    byte me = _pid;
    byte mine;
    bit counted;
    short before;
    if
    :: me == 0 -> make_crowd()
    :: true
    fi;
    adopt(me % CROWDS);
    drop_parent(1 - me % CROWDS); /* it has moved to another processor */

    if
    :: me == 0 ->
       lock(locked[mine]); /* belay_watch() */
       if
       :: child[me] == LIVE -> list = IN_CONTEXT; watched = 1
       :: else
       fi;
       unlock(locked[mine]);
       if
       :: child[me] == ENDED /* belay_wait(): it does end */
       :: true
       fi;
       lock(locked[mine]); /* belay_unwatch() */
       assert(!telling);
       if
       :: list != NOWHERE ->
          if
          :: list == IN_CROWD -> use_crowd
          :: else
          fi;
          list = NOWHERE;
          taken = 1
       :: else
       fi;
       unlock(locked[mine])
    :: else
    fi;

    lock(locked[mine]); /* belay_end(), end_and_drop() */
    if
    :: child[me] == LIVE -> /* vanish() */
       assert(listed[me]);
       use;
#ifdef MUTANT_VANISHES_HERE /* count_refs(), without that lock */
       before = refs;
       refs = before - 1;
#else
       if
       :: mine > 0 -> use_crowd; held[mine - 1]--
       :: else -> refs--
       fi;
#endif
       listed[me] = 0;
       child_freed[me] = 1;
       unlock(locked[mine])
    :: else ->
       assert(child[me] == ENDED && !listed[me]);
       unlock(locked[mine]);
       child_freed[me] = 1;
       drop_parent(me % CROWDS)
    fi
}

inline lock_crowds() { lock(locked[1]); lock(locked[2]) }
inline unlock_crowds() { unlock(locked[2]); unlock(locked[1]) }

active proctype maker() /* belay_end() of the parent */
{
    byte i;
    bit counted, crowd;
    short before;
    lock(locked[0]);
    state = ENDING; /* enter() */
    crowd = is_crowded;
    if
    :: crowd -> /* enter_crowd() */
#ifndef MUTANT_NO_CROWD_LOCKS
       lock_crowds();
#endif
#ifndef MUTANT_HELD_NOT_SUMMED
       refs = refs + held[0] + held[1];
#endif
#ifdef MUTANT_UNLOCKS_EARLY
       unlock_crowds()
#endif
    :: else
    fi;
    do /* take_child() */
    :: i == DERIVERS -> break
    :: i < DERIVERS && !listed[i] -> i++
    :: i < DERIVERS && listed[i] ->
       assert(!child_freed[i] && child[i] == LIVE);
       listed[i] = 0;
       child[i] = ENDING;
       if
       :: i == 0 && list == IN_CONTEXT ->
#ifdef MUTANT_PENDING_SHARED
          list = ON_STACK
#else
          list = (family[0] > 0 -> IN_CROWD : ON_STACK)
#endif
       :: else
       fi;
       child[i] = ENDED;
       i++
    od;
    state = ENDED;
#if !defined(MUTANT_NO_CROWD_LOCKS) && !defined(MUTANT_UNLOCKS_EARLY)
    if
    :: crowd -> unlock_crowds()
    :: else
    fi;
#endif
    tell_watch(ON_STACK);
    unlock(locked[0]);
    if
    :: crowd -> /* belay__tell_crowds() */
#ifdef MUTANT_FREED_EARLY
       crowd_freed = 1;
#endif
       lock(locked[1]);
       tell_watch(IN_CROWD);
       unlock(locked[1]);
       crowd_freed = 1
    :: else
    fi;
    drop_parent(0)
}

active proctype end()
{
    timeout;
    assert(freed && is_crowded == crowd_freed);
    assert(told + taken == watched)
}
