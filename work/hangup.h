/* SPDX-License-Identifier: MIT */
#ifndef BELAY_WORK_HANGUP_H
#define BELAY_WORK_HANGUP_H

/*
 * Tells of descriptors that hang up: one thread for all, which only asks epoll.
 *
 * A descriptor's number may be somebody else's by the time an event about it
 * is looked at, or its registration is taken back.  So a registration has a
 * generation, which goes with the event and is looked up under the lock; and
 * only the youngest registration of a number may take it out of the epoll set.
 */

#include <stdbool.h>
#include <stdint.h>

/* A registration, in memory of whoever makes it. */
struct hangup {
    struct hangup *next; /* in the table, the youngest of a number first */
    void (*fn)(struct hangup *hangup, uint32_t events);
    int fd;
    uint32_t events; /* of epoll, which tell of it */
    uint32_t generation;
};

/*
 * Has hangup->fn be called, once, without any lock, on the thread that is
 * started for it.  0, or -errno: ENOMEM, ENOSPC, EMFILE, ENFILE, EAGAIN.
 */
int belay__hangup_add(struct hangup *hangup);

/* True: this call took it back.  False: fn is being, or has been, called. */
bool belay__hangup_remove(struct hangup *hangup);

#endif
