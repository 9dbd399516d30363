/* SPDX-License-Identifier: MIT */
#ifndef PROVE_SCHEDULE_H
#define PROVE_SCHEDULE_H

/*
 * Threads of which one runs at a time, and time that passes only for them.
 *
 * The library runs as it is.  At each of its seams (its delay points, its
 * sleeps, its questions for the time) another thread may go on; which one, an
 * integer decides, and the same integer decides the same again.
 */

#include "os/os.h"

#include <stdbool.h>
#include <stdint.h>

/* Numbers that follow from the first. */
struct random {
    uint64_t state;
};

static inline uint64_t draw(struct random *random, uint64_t below)
{
    uint64_t x = random->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return (x ^ x >> 31) % below;
}

/* Runs first() as thread 0, and whatever it starts, until it returns. */
void schedule_run(uint64_t seed, void (*first)(void));

/* Starts a thread: its number, or -1 if there are too many. */
int schedule_start(void (*run)(void *arg), void *arg);

/* Another thread may go on.  The number is for the trace. */
void schedule_pass(const char *place, int number);

/* This thread found a lock taken: the others first. */
void schedule_spin(void);

/* Sleeps until woken; true: until the end. */
bool schedule_sleep(const void *on, belay_time until);
void schedule_wake(const void *on);
void schedule_join(int thread);

/*
 * For thread 0: sleeps until no other can go on; with let_time_pass, not
 * before the last sleep with an end is over.
 */
void schedule_await_quiet(bool let_time_pass);

int schedule_self(void); /* -1: none of them runs */
unsigned schedule_count(void);
bool schedule_is_over(int thread);
bool schedule_is_asleep(int thread);
unsigned schedule_sleeps(void);        /* of this thread, so far */
bool schedule_chance(unsigned one_in); /* of this schedule; 0: never */
unsigned schedule_cpu(void);
belay_time schedule_now(void);
belay_time schedule_next(void); /* the first end of a sleep */
unsigned long schedule_steps(void);

/* Looks at everything, at each step; calls nothing of the library. */
extern void (*schedule_watcher)(void);

/* Says what is wrong, and ends the process. */
_Noreturn BELAY_PRINTF(1, 2) void fail(const char *format, ...);

/* --- seams.c: what the library asks of its system ------------------------ */

/* What goes wrong on purpose: one in so many, 0: never. */
struct faults {
    unsigned memory, threads, descriptors, spurious;
};
extern struct faults faults;

void seams_install(void);
void seams_reset(void);
void seams_check(void); /* nothing is left, and nothing was touched */
bool seams_is_of_library(int thread);
int seams_clock_thread(void); /* -1: there is none */
int seams_event(void);
void seams_signal(int fd);
void seams_close(int fd);
bool seams_is_signaled(int fd);
bool seams_are_waking(void); /* somebody, who may be about to be woken next */

/* --- trace.c: what the threads have done -------------------------------- */

void trace_step(unsigned long step, int thread, const char *place, int number);
void trace_print(unsigned length); /* so many of the last steps */

/* --- memory.c: of the library, and of what is registered with it --------- */

void *memory_allocate(size_t size);
void memory_release(void *memory);
void memory_reset(void);
void memory_check(void); /* all is given back, and was not touched since */

#endif
