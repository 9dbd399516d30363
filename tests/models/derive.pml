/* SPDX-License-Identifier: MIT */

/*
 * Deriving while the parent is canceled (context.c: belay__adopt, join): no
 * child misses the end, and none is born live below an ended parent.
 *
 * quick: -DDERIVERS=2
 * deep:  -DDERIVERS=3
 * mutants: STATE_UNLOCKED BORN_LIVE LIST_UNLOCKED MARK_LISTED_ONCE
 * mutants: NO_CAUSE
 */

#include "core.inc"

#define CONTEXTS (1 + 2 * DERIVERS) /* the root; a child and its child each */
#define NONE 99

bit locked;
byte state[CONTEXTS];
byte cause[CONTEXTS] = NONE;
byte children[CONTEXTS] = NONE; /* the lists, as in the core */
byte next[CONTEXTS] = NONE;
bit canceled; /* belay_cancel() has returned */

inline belay_err(node, ret_err)
{
    ret_err = state[node];
    if
    :: ret_err == ENDING -> lock(locked); ret_err = state[node]; unlock(locked)
    :: else
    fi
}

inline adopt(it, above) /* belay__adopt(), join() */
{
#ifdef MUTANT_STATE_UNLOCKED
    seen = state[above];
#endif
#ifndef MUTANT_LIST_UNLOCKED
    lock(locked);
#endif
#ifndef MUTANT_STATE_UNLOCKED
    seen = state[above];
#endif
    if
    :: seen != LIVE ->
#ifndef MUTANT_NO_CAUSE
       cause[it] = cause[above];
#endif
#ifndef MUTANT_BORN_LIVE
       state[it] = seen
#endif
    :: else -> /* LIST_PUSH() */
       next[it] = children[above];
       children[above] = it
    fi;
#ifndef MUTANT_LIST_UNLOCKED
    unlock(locked)
#endif
}

inline enter(it)
{
    state[it] = ENDING;
    assert(cause[it] == NONE);
    cause[it] = 0
}

active proctype canceler() /* belay_cancel(): belay__mark() of the root */
{
    byte ctx, child;
    byte up[CONTEXTS];
    lock(locked);
    enter(0);
#ifdef MUTANT_MARK_LISTED_ONCE /* and lets go, as a lock per context would */
    unlock(locked);
#endif
    do
    :: child = children[ctx]; /* take_child() */
       if
       :: child != NONE ->
          children[ctx] = next[child];
          enter(child);
          up[child] = ctx;
          ctx = child
       :: else ->
          state[ctx] = ENDED; /* leave() */
          if
          :: ctx == 0 -> break
          :: else -> ctx = up[ctx]
          fi
       fi
    od;
#ifndef MUTANT_MARK_LISTED_ONCE
    unlock(locked);
#endif
    canceled = 1
}

active [DERIVERS] proctype deriver()
{
    byte child = 2 * _pid - 1;
    byte seen, before, err;
    belay_err(0, before);
    adopt(child, 0);
    belay_err(child, err);
    assert(before == LIVE || err == ENDED);
    before = err;
    adopt(child + 1, child);
    belay_err(child + 1, err);
    assert(before == LIVE || err == ENDED); /* born ended */
    assert(err == LIVE || cause[child + 1] == 0);
    canceled;
    assert(state[child] == ENDED && state[child + 1] == ENDED)
}
