/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

void *belay__os_allocate(size_t size)
{
    return malloc(size);
}

void belay__os_release(void *memory)
{
    free(memory);
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * BELAY_SECOND + now.tv_nsec;
}

belay_time belay__os_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t belay__os_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

/* --- Sleeping on a word ------------------------------------------------- */

/* Where long is 32 bits, the kernel has a second form with a 64-bit time. */
#if defined(SYS_futex_time64) && LONG_MAX == INT32_MAX
#define SYS_OUR_FUTEX SYS_futex_time64
#else
#define SYS_OUR_FUTEX SYS_futex
#endif

/* The kernel's numbers; musl has no header of its own for them. */
enum { WAIT_UNTIL = 9, WAKE = 1, OURS_ONLY = 128 };
static const uint32_t any_bit = UINT32_MAX;

struct kernel_time {
    int64_t seconds;
    int64_t nanoseconds;
};

int belay__os_wait(atomic_int *word, int expected, belay_time until)
{
    struct kernel_time end = {until / BELAY_SECOND, until % BELAY_SECOND};
    int saved = errno;
    long result = syscall(SYS_OUR_FUTEX, word, WAIT_UNTIL | OURS_ONLY, expected,
                          until == BELAY_FOREVER ? NULL : &end, NULL, any_bit);
    int timed_out = result != 0 && errno == ETIMEDOUT;
    errno = saved;
    return timed_out ? -ETIMEDOUT : 0;
}

void belay__os_wake(atomic_int *word)
{
    int saved = errno;
    syscall(SYS_OUR_FUTEX, word, WAKE | OURS_ONLY, INT_MAX);
    errno = saved;
}

/* --- Threads ------------------------------------------------------------ */

static void *play(void *arg)
{
    const struct os_role *role = arg;
    prctl(PR_SET_NAME, role->name);
    /* The default lets the kernel add 50 us to every sleep. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    role->run();
    return NULL;
}

int belay__os_thread(pthread_t *ret_thread, const struct os_role *role)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(ret_thread, NULL, play, (void *)role);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -err;
}

void belay__os_join(pthread_t thread)
{
    pthread_join(thread, NULL);
}

void belay__os_detach(pthread_t thread)
{
    pthread_detach(thread);
}

/*
 * What a lock guards takes nanoseconds, unless its holder was put off the
 * processor or is ending a large subtree.  So: spin briefly, then yield, then
 * nap, longer and longer, which lets a holder of lower priority run.
 */
void belay__os_relax(unsigned round)
{
    enum { SPINS = 100, YIELDS = 8, DOUBLINGS = 6 };
    if (round < SPINS) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    } else if (round < SPINS + YIELDS) {
        sched_yield();
    } else {
        static atomic_int unchanging; /* nanosleep() may be canceled in */
        unsigned naps = round - (SPINS + YIELDS);
        belay__os_wait(
            &unchanging, 0,
            belay__os_now() +
                (BELAY_MICROSECOND << (naps < DOUBLINGS ? naps : DOUBLINGS)));
    }
}

unsigned belay__os_cpu(void)
{
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : (unsigned)cpu;
}

/* --- Descriptors -------------------------------------------------------- */

/*
 * By syscall(), all that makes, uses up or closes one: write() and close() are
 * points of pthread_cancel(), which must not end a thread within the core; and
 * the thread sanitizer, which watches the others, must see all of it or none.
 */

static int fd_or_error(long fd, int saved)
{
    int err = errno;
    errno = saved;
    return fd >= 0 ? (int)fd : -err;
}

/*
 * A semaphore: each read takes one of the 2^64 - 2 that belay__os_signal() puts
 * in, so that whoever reads by mistake takes nothing from the others.
 */
int belay__os_event(void)
{
    int saved = errno;
    return fd_or_error(
        syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE),
        saved);
}

void belay__os_signal(int event)
{
    int saved = errno;
    uint64_t nearly_endless = UINT64_MAX - 1;
    while (syscall(SYS_write, event, &nearly_endless, sizeof nearly_endless) <
               0 &&
           errno == EINTR)
        continue;
    errno = saved;
}

int belay__os_timer(void)
{
    int saved = errno;
    return fd_or_error(syscall(SYS_timerfd_create, CLOCK_MONOTONIC,
                               TFD_CLOEXEC | TFD_NONBLOCK),
                       saved);
}

void belay__os_set_timer(int timer, belay_time when)
{
    struct itimerspec spec = {{0, 0}, {0, 0}};
    if (when != BELAY_FOREVER) {
        /* 0 would disarm it; the first nanosecond is as long past. */
        belay_time due = when > 0 ? when : 1;
        spec.it_value.tv_sec = (time_t)(due / BELAY_SECOND);
        spec.it_value.tv_nsec = (long)(due % BELAY_SECOND);
    }
    int saved = errno;
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL);
    errno = saved;
}

int belay__os_replace(int from, int fd)
{
    int saved = errno;
    long result;
    do
        result = syscall(SYS_dup3, from, fd, O_CLOEXEC);
    while (result < 0 && errno == EINTR);
    int err = result < 0 ? -errno : 0;
    syscall(SYS_close, from);
    errno = saved;
    return err;
}

void belay__os_close(int fd)
{
    int saved = errno;
    syscall(SYS_close, fd);
    errno = saved;
}

int belay__os_poll(struct pollfd *fds, nfds_t count, belay_time until)
{
    struct timespec left = {0, 0};
    if (until != BELAY_FOREVER) {
        belay_time now = OS(now)();
        if (until > now) {
            left.tv_sec = (time_t)((until - now) / BELAY_SECOND);
            left.tv_nsec = (long)((until - now) % BELAY_SECOND);
        }
    }
    int saved = errno;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    int ready = ppoll(fds, count, until == BELAY_FOREVER ? NULL : &left, NULL);
    int err = errno;
    pthread_setcancelstate(cancel_state, NULL);
    errno = saved;
    return ready >= 0 ? ready : -err;
}

#ifdef BELAY_SEAMS

static void no_delay(const char *place)
{
    (void)place;
}

static void not_looked_at(const atomic_uint *locked)
{
    (void)locked;
}

struct belay__seams belay__seams = {
    .allocate = belay__os_allocate,
    .release = belay__os_release,
    .now = belay__os_now,
    .wall = belay__os_wall,
    .wait = belay__os_wait,
    .wake = belay__os_wake,
    .thread = belay__os_thread,
    .join = belay__os_join,
    .relax = belay__os_relax,
    .cpu = belay__os_cpu,
    .event = belay__os_event,
    .signal = belay__os_signal,
    .timer = belay__os_timer,
    .set_timer = belay__os_set_timer,
    .replace = belay__os_replace,
    .close = belay__os_close,
    .poll = belay__os_poll,
    .delay = no_delay,
    .held = not_looked_at,
};

#endif
