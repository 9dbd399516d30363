/* SPDX-License-Identifier: MIT */

/*
 * Ending: marking a subtree (ending.c), the race of two cancels (cancel.c),
 * and checks meanwhile (ask.c).
 *
 * quick: -DCANCELERS=2
 * deep:  -DCANCELERS=3
 * mutants: NO_RECHECK LOSER_LEAVES ERR_DOES_NOT_WAIT LEAVE_EARLY NO_ENDING
 * mutants: NO_UNLINK
 */

#include "core.inc"

/*  0 - 1 - 2   */
/*    \ 3       */
#define CONTEXTS 4
#define NONE 9
#define PARENT(n) (n == 2 -> 1 : 0)
#define IS_BELOW(n, top) (n == top || top == 0 || (top == 1 && n == 2))

bit locked;                /* the family's */
byte state[CONTEXTS];
byte cause[CONTEXTS] = NONE; /* whose end it shares */
bit unlisted[CONTEXTS];      /* it is out of its parent's children */

inline subtree_has_ended(root) /* what belay_cancel() promises */
{
    d_step {
        for (i : 0 .. CONTEXTS - 1) {
            assert(!IS_BELOW(i, root) || state[i] == ENDED)
        }
        i = 0
    }
}

inline enter(it, above)
{
#ifndef MUTANT_NO_ENDING
    state[it] = ENDING;
#endif
    assert(cause[it] == NONE); /* one transition, the first cause wins */
    cause[it] = above;
#ifdef MUTANT_LEAVE_EARLY
    state[it] = ENDED;
#endif
}

inline take_child(from, ret_child)
{
    d_step {
        ret_child = NONE;
        for (i : 1 .. CONTEXTS - 1) {
            if
            :: !unlisted[i] && PARENT(i) == from -> ret_child = i
            :: else
            fi
        }
        if
        :: ret_child != NONE -> unlisted[ret_child] = 1
        :: else
        fi
        i = 0
    }
}

inline mark(root) /* belay__mark() */
{
#ifndef MUTANT_NO_UNLINK
    unlisted[root] = 1; /* belay__unlink() */
#endif
    enter(root, root);
    ctx = root;
    do
    :: take_child(ctx, child);
       if
       :: child != NONE -> enter(child, root); ctx = child
       :: else ->
          state[ctx] = ENDED; /* leave() */
          if
          :: ctx == root -> break
          :: else -> ctx = PARENT(ctx)
          fi
       fi
    od
}

inline belay_err(node, ret_err) /* and belay__err() */
{
    ret_err = state[node];
#ifdef MUTANT_ERR_DOES_NOT_WAIT
    ret_err = (ret_err == ENDING -> LIVE : ret_err);
#else
    if
    :: ret_err == ENDING -> lock(locked); ret_err = state[node]; unlock(locked)
    :: else
    fi
#endif
}

inline belay_cancel(who)
{
#ifdef MUTANT_LOSER_LEAVES
    err = state[who];
#else
    belay_err(who, err); /* cancelable() */
#endif
    if
    :: err == LIVE ->
       lock(locked); /* cancel() */
       if
#ifdef MUTANT_NO_RECHECK
       :: true
#else
       :: state[who] == LIVE
#endif
          -> mark(who)
#ifndef MUTANT_NO_RECHECK
       :: else
#endif
       fi;
       unlock(locked)
    :: else
    fi
}

active [CANCELERS] proctype canceler()
{
    byte top = _pid, ctx, child, err, i;
    belay_cancel(top);
    subtree_has_ended(top)
}

active proctype asker()
{
    byte n, err, i;
    select(n : 0 .. CONTEXTS - 1);
    belay_err(n, err);
    assert(err != ENDING);
    if
    :: err == ENDED ->
       subtree_has_ended(n);
       if
       :: cause[n] != n -> /* ended by its parent, which has ended, too */
          belay_err(PARENT(n), err);
          assert(err == ENDED)
       :: else
       fi
    :: else
    fi
}
