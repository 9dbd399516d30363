/* SPDX-License-Identifier: MIT */
#ifndef WORK_RELAY_H
#define WORK_RELAY_H

/*
 * The relay: one thread that does what a signal handler may not do.  A handler
 * notes something in a word and wakes the relay, which then looks for what was
 * noted.  It runs nothing of the program's: canceling is left to the core's
 * after-functions, so that a slow watch delays no other signal.
 */

#include <belay/signal.h>

#include <pthread.h>
#include <unistd.h>

/*
 * Guards the triggers, the signals and the relay's thread.  Held over calls to
 * the core: it comes before all locks of the core's.
 */
extern pthread_mutex_t belay__relay_lock;

/* How many fork()s this process is away from the first.  Under the lock. */
extern unsigned belay__relay_forks;

/* Under the lock: from here on there is a thread, or -errno. */
int belay__relay_need(void);

/* Has the thread look.  From anywhere.  False: there is no thread to do it. */
bool belay__relay_wake(void);

/* Under the lock: does what has been noted. */
void belay__triggers_look(void);
void belay__signals_look(void);

/* Under the lock: is any trigger, and with it any signals, registered? */
bool belay__triggers_exist(void);

/* Under the lock: has the trigger's context canceled, once. */
void belay__trigger_fire(struct belay_trigger *trigger);

#endif
