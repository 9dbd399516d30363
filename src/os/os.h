/* SPDX-License-Identifier: MIT */
#ifndef BELAY_OS_H
#define BELAY_OS_H

/*
 * All that the core asks of the system, and the only place to port it.
 *
 * The core calls OS(name)(...).  In a release build that is belay__os_name();
 * with BELAY_SEAMS it goes through a table, into which a test puts a clock of
 * its own, an allocator that fails, a descriptor that cannot be had.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* before the first header of the system */
#endif
#if defined(__SIZEOF_LONG__) && __SIZEOF_LONG__ == 4 && !defined(_TIME_BITS)
#undef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64 /* asked for by the next */
#define _TIME_BITS 64        /* a deadline may be after 2038 */
#endif

#include <belay/belay.h>

#include <pthread.h>
#include <stdatomic.h>

/* malloc() and free(). */
void *belay__os_allocate(size_t size);
void belay__os_release(void *memory);

belay_time belay__os_now(void);
int64_t belay__os_wall(void); /* nanoseconds since 1970; to be shown only */

/*
 * Sleeps while *word is `expected`, until woken or `until` (BELAY_FOREVER: no
 * end).  Returns -ETIMEDOUT, else 0; may return 0 for no reason.
 */
int belay__os_wait(atomic_int *word, int expected, belay_time until);

/* Wakes whoever sleeps on word, which need not be valid memory any more. */
void belay__os_wake(atomic_int *word);

/* Starts a thread, named, with all signals blocked: 0 or -errno. */
struct os_role {
    const char *name;
    void (*run)(void);
};
int belay__os_thread(pthread_t *ret_thread, const struct os_role *role);
void belay__os_join(pthread_t thread);
void belay__os_detach(pthread_t thread); /* at exit: nobody will join it */

/* Passes the time until a lock may be free: the longer, the more often. */
void belay__os_relax(unsigned round);

/* The processor that this thread is on, or was a moment ago. */
unsigned belay__os_cpu(void);

/* Makes a descriptor that belay__os_signal() makes readable for good, or
 * -errno. */
int belay__os_event(void);
void belay__os_signal(int event);

/* Makes a descriptor that is readable from the instant last set, or -errno. */
int belay__os_timer(void);
void belay__os_set_timer(int timer, belay_time when); /* BELAY_FOREVER: never */

/* Makes `fd` another name of `from`, and closes `from`: 0 or -errno. */
int belay__os_replace(int from, int fd);
void belay__os_close(int fd);

/* poll(2) until an instant, no pthread_cancel() inside: count or -errno. */
int belay__os_poll(struct pollfd *fds, nfds_t count, belay_time until);

#ifdef BELAY_SEAMS

struct belay__seams {
    void *(*allocate)(size_t size);
    void (*release)(void *memory);
    belay_time (*now)(void);
    int64_t (*wall)(void);
    int (*wait)(atomic_int *word, int expected, belay_time until);
    void (*wake)(atomic_int *word);
    int (*thread)(pthread_t *ret_thread, const struct os_role *role);
    void (*join)(pthread_t thread);
    void (*relax)(unsigned round);
    unsigned (*cpu)(void);
    int (*event)(void);
    void (*signal)(int event);
    int (*timer)(void);
    void (*set_timer)(int timer, belay_time when);
    int (*replace)(int from, int fd);
    void (*close)(int fd);
    int (*poll)(struct pollfd *fds, nfds_t count, belay_time until);
    void (*delay)(const char *place); /* a named point between two steps */
    void (*held)(const atomic_uint *locked); /* what it guards is touched */
};
extern struct belay__seams belay__seams;

#define OS(name) belay__seams.name
#define DELAY_POINT(place) belay__seams.delay(place)

#else

#define OS(name) belay__os_##name
#define DELAY_POINT(place) ((void)0)

#endif
#endif
