/* SPDX-License-Identifier: MIT */
#ifndef WORK_FILE_TURN_H
#define WORK_FILE_TURN_H

#include <stdbool.h>

/*
 * "Is it ready?", then a call that would block if it were not: in between, no
 * other thread may take what was ready.  Whoever holds the turn at a descriptor
 * is alone, among Belay's callers in this process, in doing that.
 *
 * The turn is never waited for: its holder may be stuck, if something other
 * than Belay was faster.
 *
 * At a descriptor, and not at its inode: all masters of terminals share one,
 * and so do all descriptors of some other kinds.
 */
struct belay__file_turn {
    struct belay__file_turn *next;
    struct belay__file_turn **link; /* in the list of turns that are taken */
    int fd;
    short events; /* poll()'s: each way has a turn of its own */
};

/* False: another thread has it.  Else the turn stays in place until its end. */
bool belay__take_file_turn(struct belay__file_turn *turn, int fd, short events);
void belay__end_file_turn(struct belay__file_turn *turn);

/* Whether fd is ready for poll()'s events now: 0, 1 or a negative errno. */
int belay__is_ready(int fd, short events);

#endif
