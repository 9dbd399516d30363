/* SPDX-License-Identifier: MIT */
#include "hangup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUCKETS = 1 << 14, EVENTS_AT_ONCE = 64 };

/* The event that ends the thread; no descriptor has its number. */
static const uint64_t stop_event = UINT64_MAX;

/* Guards all below.  Nothing of the library is called under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    struct hangup *table[BUCKETS]; /* by number: descriptors are dense */
    uint32_t generation;           /* the latest */
    bool is_running;
    bool is_telling; /* the thread is in some fn */
    bool is_closed;  /* at exit() or dlclose() */
    bool knows_forks;
    int epoll, stop; /* -1: there is none; in a child, it is the parent's */
    pthread_t thread;
} watcher = {.epoll = -1, .stop = -1};

/* Not close(), in which pthread_cancel() might end the thread. */
static void close_descriptors(void)
{
    if (watcher.stop >= 0)
        syscall(SYS_close, watcher.stop);
    if (watcher.epoll >= 0)
        syscall(SYS_close, watcher.epoll);
    watcher.stop = -1;
    watcher.epoll = -1;
}

/* --- The table: all of it under the lock --------------------------------- */

static struct hangup **bucket_of(int fd)
{
    return &watcher.table[(unsigned)fd % BUCKETS];
}

static struct hangup **link_of(struct hangup *hangup)
{
    struct hangup **link = bucket_of(hangup->fd);
    while (*link != NULL && *link != hangup)
        link = &(*link)->next;
    return link;
}

/*
 * All but the first is by syscall(): it may come when the descriptor has been
 * closed, by the loser of a race that did not wait for the watch.  That does no
 * harm, as has_as_young() sees to it, but the thread sanitizer cannot know.
 */
static int control(int operation, int fd, uint32_t generation, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT};
    event.data.u64 = (uint64_t)generation << 32 | (uint32_t)fd;
    long result =
        operation == EPOLL_CTL_ADD
            ? epoll_ctl(watcher.epoll, operation, fd, &event)
            : syscall(SYS_epoll_ctl, watcher.epoll, operation, fd, &event);
    return result != 0 ? -errno : 0;
}

/* Arms the event of those that share a registration with epoll. */
static int rearm(int fd, uint32_t generation, uint32_t events)
{
    for (struct hangup *other = *bucket_of(fd); other; other = other->next)
        if (other->fd == fd && other->generation == generation)
            events |= other->events;
    return events != 0 ? control(EPOLL_CTL_MOD, fd, generation, events) : 0;
}

/* Of two generations of a number, the older may be about a closed file. */
static bool has_as_young(const struct hangup *hangup)
{
    const struct hangup *other = *bucket_of(hangup->fd);
    while (other != NULL &&
           (other->fd != hangup->fd ||
            (int32_t)(other->generation - hangup->generation) < 0))
        other = other->next;
    return other != NULL;
}

static bool take_out(struct hangup *hangup)
{
    struct hangup **link = link_of(hangup);
    if (*link == NULL)
        return false;
    *link = hangup->next;
    if (!has_as_young(hangup))
        control(EPOLL_CTL_DEL, hangup->fd, 0, 0);
    return true;
}

/* Adds to the epoll set, or to what is there of the same open file. */
static int put_in(struct hangup *hangup)
{
    int fd = hangup->fd;
    hangup->generation = ++watcher.generation;
    int err = control(EPOLL_CTL_ADD, fd, hangup->generation, hangup->events);
    if (err == -EEXIST) {
        const struct hangup *youngest = *bucket_of(fd);
        while (youngest != NULL && youngest->fd != fd)
            youngest = youngest->next;
        if (youngest != NULL)
            hangup->generation = youngest->generation;
        err = rearm(fd, hangup->generation, hangup->events);
    }
    if (err == 0) {
        struct hangup **bucket = bucket_of(fd);
        hangup->next = *bucket;
        *bucket = hangup;
    }
    return err;
}

/* --- The thread ----------------------------------------------------------- */

/* Takes out one of those whom an event concerns. */
static struct hangup *take_concerned(int fd, uint32_t generation,
                                     uint32_t events)
{
    struct hangup *hangup = *bucket_of(fd);
    while (hangup != NULL &&
           (hangup->fd != fd || hangup->generation != generation ||
            (hangup->events & events) == 0))
        hangup = hangup->next;
    if (hangup != NULL)
        take_out(hangup);
    return hangup;
}

static void tell(const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    uint32_t generation = (uint32_t)(event->data.u64 >> 32);
    pthread_mutex_lock(&lock);
    for (;;) {
        struct hangup *hangup = NULL;
        if (!watcher.is_closed)
            hangup = take_concerned(fd, generation, event->events);
        if (hangup == NULL)
            break;
        watcher.is_telling = true;
        pthread_mutex_unlock(&lock);
        hangup->fn(hangup, event->events);
        pthread_mutex_lock(&lock);
        watcher.is_telling = false;
    }
    rearm(fd, generation, 0);
    pthread_mutex_unlock(&lock);
}

static void *run(void *arg)
{
    int epoll = *(int *)arg;
    prctl(PR_SET_NAME, "belay-peer");
    for (;;) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(epoll, events, EVENTS_AT_ONCE, -1);
        for (int i = 0; i < count; ++i) {
            if (events[i].data.u64 == stop_event)
                return NULL;
            tell(&events[i]);
        }
    }
}

/* In the child, which has no such thread, and whose set is the parent's. */
static void forked(void)
{
    close_descriptors();
    watcher.is_running = false;
    watcher.is_telling = false;
    pthread_mutex_unlock(&lock);
}

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

static int start_thread(void)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&watcher.thread, NULL, run, &watcher.epoll);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -err;
}

static int make_descriptors(void)
{
    watcher.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (watcher.epoll < 0)
        return -errno;
    watcher.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watcher.stop < 0)
        return -errno;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = stop_event};
    return epoll_ctl(watcher.epoll, EPOLL_CTL_ADD, watcher.stop, &event) != 0
               ? -errno
               : 0;
}

static int start(void)
{
    if (!watcher.knows_forks &&
        pthread_atfork(before_fork, after_fork, forked) != 0)
        return -ENOMEM;
    watcher.knows_forks = true;
    int err = make_descriptors();
    if (err == 0)
        err = start_thread();
    if (err != 0)
        close_descriptors();
    watcher.is_running = err == 0;
    return err;
}

/*
 * The thread is joined, so that its code may be unloaded, unless it is in some
 * fn: exit() never waits for a callback.
 */
__attribute__((destructor)) static void stop(void)
{
    pthread_mutex_lock(&lock);
    watcher.is_closed = true;
    bool was_running = watcher.is_running;
    bool is_telling = watcher.is_telling;
    pthread_mutex_unlock(&lock);
    if (!was_running)
        return;
    eventfd_write(watcher.stop, 1);
    if (is_telling) {
        pthread_detach(watcher.thread);
        return;
    }
    pthread_join(watcher.thread, NULL);
    close_descriptors();
}

/* --- What others see ------------------------------------------------------ */

int belay__hangup_add(struct hangup *hangup)
{
    pthread_mutex_lock(&lock);
    int err = watcher.is_closed ? -ECANCELED : 0;
    if (err == 0 && !watcher.is_running)
        err = start();
    if (err == 0)
        err = put_in(hangup);
    pthread_mutex_unlock(&lock);
    return err;
}

bool belay__hangup_remove(struct hangup *hangup)
{
    pthread_mutex_lock(&lock);
    bool is_taken = take_out(hangup);
    pthread_mutex_unlock(&lock);
    return is_taken;
}
