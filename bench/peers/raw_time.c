/* SPDX-License-Identifier: MIT */

/* The floor for waking and for deadlines: the system call and nothing else. */

#define PEER "raw"
#include "../bench.h"
#include "../questions/late.h"
#include "../questions/wake.h"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* --- A futex ------------------------------------------------------------- */

static int word;

static void set_futex(void)
{
    __atomic_store_n(&word, 0, __ATOMIC_RELEASE);
}

static void sleep_on_futex(void)
{
    while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void wake_futex(void)
{
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void clear_futex(void)
{
}

/* --- An eventfd in epoll ------------------------------------------------- */

static int event;
static int poller;

static void set_event(void)
{
    struct epoll_event what;
    memset(&what, 0, sizeof what);
    what.events = EPOLLIN;
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poller, EPOLL_CTL_ADD, event, &what);
}

static void sleep_in_epoll(void)
{
    struct epoll_event got;
    while (epoll_wait(poller, &got, 1, -1) != 1)
        ;
}

static void wake_event(void)
{
    uint64_t one = 1;
    if (write(event, &one, sizeof one) != sizeof one)
        abort();
}

static void clear_event(void)
{
    close(event);
    close(poller);
}

static void ask_wake(size_t tries)
{
    static const struct sleeper sleeper = {"s9.wake", set_futex, sleep_on_futex,
                                           wake_futex, clear_futex};
    ask_sleeper(&sleeper, tries);
}

static void ask_wake_fd(size_t tries)
{
    static const struct sleeper sleeper = {
        "s9.wake_fd", set_event, sleep_in_epoll, wake_event, clear_event};
    ask_sleeper(&sleeper, tries);
}

/* --- One thread, asleep until the next of a sorted array ------------------ */

static void *sleep_through(void *arg)
{
    (void)arg;
    /* Else the kernel may add 50 us to each. */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    for (size_t i = 0; i < LATE_COUNT; ++i) {
        sleep_until(late_due[i]);
        note_late(i);
    }
    return NULL;
}

static void ask_late(size_t n)
{
    (void)n;
    plan_late();
    qsort(late_due, LATE_COUNT, sizeof *late_due, by_value);
    pthread_t thread;
    pthread_create(&thread, NULL, sleep_through, NULL);
    report_late("s10.late_10k");
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s9.wake", ask_wake, 2000},
        {"s9.wake_fd", ask_wake_fd, 2000},
        {"s10.late", ask_late, 0},
    };
    return ANSWER(argc, argv, "raw limits, gcc " __VERSION__, questions);
}
