/* SPDX-License-Identifier: MIT */

/*
 * A descriptor made while its context is canceled (wait.c: belay_fd, install;
 * ending.c: leave, signal_fd): all callers get the same, it becomes readable,
 * and none is left open.
 *
 * quick: -DMAKERS=2
 * deep:  -DMAKERS=4
 * mutants: NOT_SIGNALED STATE_BEFORE NO_SECOND_LOOK SPARE_KEPT INSTALL_UNLOCKED
 * mutants: NOT_CLOSED
 */

#include "core.inc"

#define NONE 0

bit locked;
byte state;
byte fd;                /* of the context */
bit open[MAKERS + 1];   /* descriptors */
bit ready[MAKERS + 1];  /* readable for good */
byte got = NONE;        /* what a caller was given */
byte done;

active [MAKERS] proctype maker() /* belay_fd(), then poll() */
{
    byte event = _pid + 1;
    byte mine, spare;
#ifdef MUTANT_STATE_BEFORE
    bit was_live = (state == LIVE);
#endif
    lock(locked);
    mine = fd;
    unlock(locked);
    if
    :: mine == NONE ->
       open[event] = 1; /* OS(event) */
#ifndef MUTANT_INSTALL_UNLOCKED
       lock(locked);
#endif
       if
#ifndef MUTANT_NO_SECOND_LOOK
       :: fd != NONE -> spare = event
       :: else ->
#else
       :: true ->
#endif
          fd = event; /* install() */
#ifndef MUTANT_NOT_SIGNALED
          if
#ifdef MUTANT_STATE_BEFORE
          :: !was_live -> ready[fd] = 1
#else
          :: state != LIVE -> ready[fd] = 1
#endif
          :: else
          fi
#endif
       fi;
       mine = fd;
#ifndef MUTANT_INSTALL_UNLOCKED
       unlock(locked);
#endif
       if
#ifndef MUTANT_SPARE_KEPT
       :: spare != NONE -> open[spare] = 0
#endif
       :: else
       fi
    :: else
    fi;
    assert(open[mine] && (got == NONE || got == mine));
    got = mine;
    ready[mine]; /* poll(): for ever, if nobody signals it */
    assert(state != LIVE);
    done++
}

active proctype canceler() /* belay_end() */
{
    lock(locked);
    state = ENDING;
    if
    :: fd != NONE -> assert(open[fd]); ready[fd] = 1 /* leave() */
    :: else
    fi;
    state = ENDED;
    unlock(locked);
    done == MAKERS; /* the last reference; free_ctx() */
#ifndef MUTANT_NOT_CLOSED
    open[fd] = 0
#endif
}

active proctype end()
{
    byte i;
    timeout;
    for (i : 1 .. MAKERS) {
        assert(!open[i])
    }
}
