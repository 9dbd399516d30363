/* SPDX-License-Identifier: MIT */

/*
 * Giving back (cancel.c: end_and_drop, vanish; context.c: drop, let_go): the
 * last release against cancel, children that outlive their parent's maker,
 * and a value in between, whose references are counted without a lock.
 *
 * quick: -DHOLDERS=1
 * deep:  -DHOLDERS=2
 * mutants: COUNT_UNLOCKED LAST_UNLOCKED VANISH_HELD VANISH_ENDED NO_UNLINK
 * mutants: VALUE_IN_TWO_STEPS PARENT_LATE NOT_HELD VANISH_COUNTS_NOT
 * mutants: VALUE_NOT_DROPPED
 */

#include "core.inc"

/* top <- value <- below, and top <- child[holder] */
#define TOP 0
#define VALUE 1
#define BELOW 2
#define CHILD 3
#define CONTEXTS (CHILD + HOLDERS)
#define BACKGROUND 99
#define IS_VALUE(n) (n == VALUE)
#define PARENT(n) (n == TOP -> BACKGROUND : (n == BELOW -> VALUE : TOP))

bit locked;
byte state[CONTEXTS];
byte refs[CONTEXTS]; /* those of the value are atomic, the others locked */
bit listed[CONTEXTS]; /* in the children of the top */
bit freed[CONTEXTS];
bit made[CONTEXTS];

#define use(n) assert(made[n] && !freed[n])

inline free_ctx(victim)
{
    d_step { use(victim); assert(!listed[victim]); freed[victim] = 1 }
}

inline let_go(it, ret_is_last)
{
    use(it);
    if
    :: IS_VALUE(it) ->
#ifdef MUTANT_VALUE_IN_TWO_STEPS
       count = refs[it] - 1;
       refs[it] = count;
       ret_is_last = (refs[it] == 0)
#else
       d_step { refs[it]--; ret_is_last = (refs[it] == 0) }
#endif
    :: else ->
#ifndef MUTANT_COUNT_UNLOCKED
       lock(locked);
#endif
       use(it);
       count = refs[it];
       refs[it] = count - 1;
#ifdef MUTANT_LAST_UNLOCKED
       unlock(locked);
       ret_is_last = (refs[it] == 0)
#else
       ret_is_last = (refs[it] == 0);
#ifndef MUTANT_COUNT_UNLOCKED
       unlock(locked)
#endif
#endif
    fi
}

inline drop(which) /* belay__drop(); `next_up` is the caller's own */
{
    next_up = which;
    do
    :: next_up == BACKGROUND -> break
    :: else ->
       let_go(next_up, is_last);
       if
       :: is_last ->
          free_ctx(next_up);
#ifdef MUTANT_PARENT_LATE
          use(next_up);
#endif
          next_up = PARENT(next_up)
       :: else -> break
       fi
    od
}

inline mark(top) /* belay__mark(), and what it touches on its way */
{
    use(top);
    listed[top] = 0;
    state[top] = ENDING;
    i = BELOW;
    do
    :: top == TOP && i < CONTEXTS ->
       if
       :: listed[i] ->
          use(i);
          assert(i != BELOW || !freed[VALUE]); /* on the way up */
          listed[i] = 0;
          state[i] = ENDED
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0;
    state[top] = ENDED
}

inline adopt(it) /* belay__make(), belay__adopt(), join() */
{
    use(PARENT(it));
    made[it] = 1;
    refs[it] = 1;
    if
    :: IS_VALUE(PARENT(it)) -> refs[PARENT(it)]++ /* atomic: belay__hold() */
    :: else
    fi;
    lock(locked);
    use(TOP); /* the ender of its parent */
    if
    :: state[TOP] == LIVE -> listed[it] = 1
    :: else -> state[it] = ENDED
    fi;
#ifndef MUTANT_NOT_HELD
    if
    :: IS_VALUE(PARENT(it))
    :: else -> refs[TOP]++
    fi;
#endif
    unlock(locked)
}

#ifdef MUTANT_VANISH_HELD
#define is_unseen(n) (state[n] == LIVE)
#elif defined(MUTANT_VANISH_ENDED)
#define is_unseen(n) (refs[n] == 1)
#else
#define is_unseen(n) (state[n] == LIVE && refs[n] == 1)
#endif

inline vanish(it) /* under the lock, which it releases */
{
#ifndef MUTANT_VANISH_COUNTS_NOT
    if
    :: listed[it] && !IS_VALUE(PARENT(it)) ->
       use(TOP); refs[TOP]--; assert(refs[TOP] > 0)
    :: else
    fi;
#endif
#ifndef MUTANT_NO_UNLINK
    listed[it] = 0;
#endif
    unlock(locked);
    free_ctx(it);
#ifndef MUTANT_VALUE_NOT_DROPPED
    if
    :: it == BELOW -> drop(VALUE)
    :: else
    fi
#endif
}

inline belay_end(node) /* end_and_drop() */
{
    lock(locked);
    use(node);
    if
    :: is_unseen(node) -> vanish(node)
    :: else ->
       if
       :: state[node] == LIVE -> mark(node)
       :: else
       fi;
       unlock(locked);
       drop(node)
    fi
}

#define LOCALS byte next_up, count, i; bit is_last

active proctype maker() /* of the top; the others hold it from the start */
{
    LOCALS;
    d_step {
        made[TOP] = 1;
        made[VALUE] = 1;
        refs[TOP] = 2 + HOLDERS;
        refs[VALUE] = 1
    }
    belay_end(TOP)
}

active [HOLDERS] proctype holder() /* of a reference to the top */
{
    LOCALS;
    byte child = CHILD + _pid - 1;
    made[VALUE];
    if
    :: adopt(child); drop(TOP); belay_end(child)
    :: drop(TOP); freed[child] = 1
    fi
}

active proctype deriver() /* from the value, which it then gives back */
{
    LOCALS;
    made[VALUE];
    adopt(BELOW);
    drop(VALUE)
}

active proctype worker() /* with the context that it was handed */
{
    LOCALS;
    made[BELOW] && (listed[BELOW] || state[BELOW] != LIVE) && !locked;
    belay_end(BELOW)
}

active proctype end() /* nothing is left */
{
    byte i;
    timeout;
    for (i : 0 .. CONTEXTS - 1) {
        assert(freed[i])
    }
}
