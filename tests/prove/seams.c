/* SPDX-License-Identifier: MIT */

/* The library's system, as a schedule has it. */

#include "schedule.h"

#include "coroutine.h"
#include "internal.h"

#include <string.h>

struct faults faults;

/* --- Memory ------------------------------------------------------------- */

static void *allocate(size_t size)
{
    schedule_pass("allocate", (int)size);
    return schedule_chance(faults.memory) ? NULL : memory_allocate(size);
}

static void release(void *memory)
{
    schedule_pass("release", -1);
    memory_release(memory);
}

/* --- Descriptors -------------------------------------------------------- */

enum { FIRST = 1000, MOST = 64 }; /* numbers that no file has */

static struct {
    bool is_open, is_signaled;
    belay_time due; /* of a timer */
} fds[MOST];
static int fds_made;

static int index_of(int fd, const char *use)
{
    if (fd < FIRST || fd >= FIRST + fds_made || !fds[fd - FIRST].is_open)
        fail("%s of a descriptor that is not open: %d", use, fd);
    return fd - FIRST;
}

int seams_event(void)
{
    if (fds_made == MOST)
        return -EMFILE;
    fds[fds_made].is_open = true;
    fds[fds_made].is_signaled = false;
    fds[fds_made].due = BELAY_FOREVER;
    return FIRST + fds_made++;
}

void seams_signal(int fd)
{
    fds[index_of(fd, "signal")].is_signaled = true;
    schedule_wake(fds);
}

void seams_close(int fd)
{
    fds[index_of(fd, "close")].is_open = false;
}

bool seams_is_signaled(int fd)
{
    return fds[index_of(fd, "look")].is_signaled;
}

static int event(void)
{
    schedule_pass("event", -1);
    return schedule_chance(faults.descriptors) ? -EMFILE : seams_event();
}

static unsigned waking; /* threads in the middle of it */

bool seams_are_waking(void)
{
    return waking > 0;
}

static void signal_event(int fd)
{
    ++waking;
    schedule_pass("signal", fd);
    seams_signal(fd);
    --waking;
}

static void set_timer(int timer, belay_time when)
{
    schedule_pass("set_timer", timer);
    fds[index_of(timer, "set")].due = when;
    schedule_wake(fds);
}

static int replace(int from, int fd)
{
    fail("nobody has forked, and %d is to replace %d", from, fd);
}

static void close_event(int fd)
{
    schedule_pass("close", fd);
    seams_close(fd);
}

/* How many are ready, and when the first of the timers will be. */
static int look_at(struct pollfd *polled, nfds_t count, belay_time *ret_due)
{
    int ready = 0;
    *ret_due = BELAY_FOREVER;
    for (nfds_t i = 0; i < count; ++i) {
        int at = index_of(polled[i].fd, "poll");
        bool is_ready = fds[at].is_signaled || fds[at].due <= schedule_now();
        polled[i].revents = is_ready ? POLLIN : 0;
        ready += is_ready;
        if (fds[at].due < *ret_due)
            *ret_due = fds[at].due;
    }
    return ready;
}

static int poll_events(struct pollfd *polled, nfds_t count, belay_time until)
{
    schedule_pass("poll", (int)count);
    for (;;) {
        belay_time due;
        int ready = look_at(polled, count, &due);
        if (ready > 0 || until <= schedule_now())
            return ready;
        schedule_sleep(fds, due < until ? due : until);
    }
}

/* --- Time and sleep ----------------------------------------------------- */

static belay_time now(void)
{
    schedule_pass("now", -1);
    return schedule_now();
}

static int64_t wall(void)
{
    return 0;
}

static int wait(atomic_int *word, int expected, belay_time until)
{
    schedule_pass("sleep", -1);
    if (atomic_load(word) != expected)
        return 0;
    if (until <= schedule_now())
        return -ETIMEDOUT;
    if (schedule_chance(faults.spurious))
        return 0;
    return schedule_sleep(word, until) ? -ETIMEDOUT : 0;
}

static void wake(atomic_int *word)
{
    ++waking;
    schedule_pass("wake", -1);
    schedule_wake(word);
    schedule_pass("woken", -1);
    --waking;
}

static void relax(unsigned round)
{
    (void)round;
    schedule_spin();
}

static unsigned cpu(void)
{
    return schedule_self() >= 0 ? schedule_cpu() : 0;
}

static void delay(const char *place)
{
    schedule_pass(place, -1);
}

static void held(const atomic_uint *locked)
{
    if (schedule_self() >= 0 && *locked == 0)
        fail("what a lock guards is touched without it");
}

/* --- Threads ------------------------------------------------------------ */

static enum { NOT_OURS, RUNS, JOINED } library_threads[COROUTINES];

static int clock_thread;

int seams_clock_thread(void)
{
    return clock_thread;
}

static void play(void *role)
{
    ((const struct os_role *)role)->run();
}

static pthread_t handle_of(int thread)
{
    return (pthread_t)(intptr_t)(thread + 1);
}

/* The linker has the library call this one (--wrap). */
pthread_t __wrap_pthread_self(void);
pthread_t __wrap_pthread_self(void)
{
    return handle_of(schedule_self());
}

static int thread(pthread_t *ret_thread, const struct os_role *role)
{
    schedule_pass("thread", -1);
    if (schedule_chance(faults.threads))
        return -EAGAIN;
    int number = schedule_start(play, (void *)role);
    if (number < 0)
        return -EAGAIN;
    library_threads[number] = RUNS;
    if (strcmp(role->name, "belay-clock") == 0)
        clock_thread = number;
    *ret_thread = handle_of(number);
    schedule_pass("started", number);
    return 0;
}

static void join(pthread_t thread)
{
    int number = (int)(intptr_t)thread - 1;
    schedule_pass("join", number);
    if (number < 0 || number >= COROUTINES || library_threads[number] != RUNS)
        fail("thread %d is joined, which cannot be", number);
    library_threads[number] = JOINED;
    schedule_join(number);
}

bool seams_is_of_library(int thread)
{
    return library_threads[thread] != NOT_OURS;
}

/* --- All of it ---------------------------------------------------------- */

void seams_reset(void)
{
    memory_reset();
    waking = 0;
    clock_thread = -1;
    fds_made = 0;
    memset(library_threads, 0, sizeof library_threads);
}

void seams_check(void)
{
    belay__close_bells(); /* kept for the next poll */
    memory_check();
    for (int i = 0; i < fds_made; ++i)
        if (fds[i].is_open)
            fail("descriptor %d is left", FIRST + i);
    for (int i = 0; i < COROUTINES; ++i)
        if (library_threads[i] == RUNS)
            fail("thread %d is left", i);
}

void seams_install(void)
{
    belay__seams = (struct belay__seams){
        .allocate = allocate,
        .release = release,
        .now = now,
        .wall = wall,
        .wait = wait,
        .wake = wake,
        .thread = thread,
        .join = join,
        .relax = relax,
        .cpu = cpu,
        .event = event,
        .signal = signal_event,
        .timer = event,
        .set_timer = set_timer,
        .replace = replace,
        .close = close_event,
        .poll = poll_events,
        .delay = delay,
        .held = held,
    };
}
