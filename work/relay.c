/* SPDX-License-Identifier: MIT */

#include "catch.h"
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

pthread_mutex_t belay__relay_lock = PTHREAD_MUTEX_INITIALIZER;
unsigned belay__relay_forks;

static atomic_int event = -1; /* there is a thread, which reads it */
static int kept_event = -1;   /* its number, also while there is no thread */
static pthread_t thread;
static atomic_bool is_closing;

/* Not write(), which is a point where a thread may be canceled. */
bool belay__relay_wake(void)
{
    int err = errno;
    uint64_t one = 1;
    int fd = atomic_load(&event);
    bool is_woken =
        fd >= 0 && syscall(SYS_write, fd, &one, sizeof one) == sizeof one;
    errno = err;
    return is_woken;
}

static void *run(void *arg)
{
    uint64_t count;
    pthread_setname_np(pthread_self(), "belay-signal");
    while (read(*(int *)arg, &count, sizeof count) > 0 || errno == EINTR) {
        if (atomic_load(&is_closing))
            break;
        pthread_mutex_lock(&belay__relay_lock);
        belay__signals_look();
        belay__triggers_look();
        pthread_mutex_unlock(&belay__relay_lock);
    }
    return NULL;
}

/* All signals are blocked in it.  Under the lock. */
static int start_thread(void)
{
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int err = pthread_create(&thread, NULL, run, &kept_event);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (err == 0)
        atomic_store(&event, kept_event);
    return -err;
}

/* --- fork() -------------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&belay__relay_lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&belay__relay_lock);
}

/* The event is the parent's, too: its number gets a new one. */
static bool renew_event(void)
{
    int fresh = eventfd(0, EFD_CLOEXEC);
    if (fresh < 0)
        return false;
    bool is_new = dup3(fresh, kept_event, O_CLOEXEC) >= 0;
    close(fresh);
    return is_new;
}

/*
 * Where no thread can be had, signals do in the child what they do by default.
 * What was noted before the fork, and not looked at, is looked at here too.
 */
static void in_child(void)
{
    int err = errno;
    ++belay__relay_forks;
    belay__forget_handlers();
    atomic_store(&event, -1);
    if (belay__triggers_exist() && renew_event() && start_thread() == 0)
        belay__relay_wake();
    pthread_mutex_unlock(&belay__relay_lock);
    errno = err;
}

/*
 * The core's handlers are registered by now, because there is a context: so
 * ours runs first before a fork, as the order of the locks wants it.
 */
static int watch_forks(void)
{
    static bool is_registered;
    if (is_registered)
        return 0;
    int err = pthread_atfork(before_fork, in_parent, in_child);
    is_registered = err == 0;
    return -err;
}

int belay__relay_need(void)
{
    int err = watch_forks();
    if (err != 0 || atomic_load(&event) >= 0)
        return err;
    if (kept_event < 0 && (kept_event = eventfd(0, EFD_CLOEXEC)) < 0)
        return -errno;
    if (belay__relay_forks > 0 && !renew_event())
        return -errno;
    return start_thread();
}

/* --- The end ------------------------------------------------------------- */

/* With signals still caught, at exit, the thread goes on till the very end. */
__attribute__((destructor)) static void close_relay(void)
{
    pthread_mutex_lock(&belay__relay_lock);
    bool is_used = belay__triggers_exist();
    pthread_mutex_unlock(&belay__relay_lock);
    if (is_used)
        return;
    if (atomic_load(&event) >= 0) {
        atomic_store(&is_closing, true);
        belay__relay_wake();
        pthread_join(thread, NULL);
    }
    if (kept_event >= 0)
        close(kept_event);
}
