/* SPDX-License-Identifier: MIT */

/*
 * An event that epoll_wait() has handed out may be about a connection that has
 * been taken back meanwhile, and about a descriptor that is somebody else's by
 * now.  So events carry a place and its generation, looked up under the lock.
 */

#include "peers.h"

#include <belay/belay.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { PLACES = 512, EVENTS = 32 };

struct place {
    int fd;
    uint32_t generation;
    void (*gone)(void *arg); /* NULL: free, or told */
    void *arg;
    bool is_taken;
};

struct peers {
    int epoll;
    belay_ctx *running; /* ends the thread, by its descriptor */
    pthread_t thread;
    pthread_mutex_t lock; /* of all below; held while gone() runs */
    struct place places[PLACES];
};

static void tell(struct peers *peers, uint64_t handle)
{
    pthread_mutex_lock(&peers->lock);
    struct place *place = &peers->places[handle % PLACES];
    if (place->generation == handle / PLACES && place->gone != NULL) {
        place->gone(place->arg);
        place->gone = NULL;
    }
    pthread_mutex_unlock(&peers->lock);
}

static void *run(void *arg)
{
    struct peers *peers = arg;
    struct epoll_event events[EVENTS];
    while (belay_err(peers->running) == 0) {
        int count = epoll_wait(peers->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; ++i) {
            if (events[i].data.u64 != UINT64_MAX)
                tell(peers, events[i].data.u64);
        }
    }
    return NULL;
}

static int add(struct peers *peers, int fd, uint32_t events, uint64_t handle)
{
    struct epoll_event event = {.events = events, .data.u64 = handle};
    return epoll_ctl(peers->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

struct peers *peers_start(void)
{
    struct peers *peers = calloc(1, sizeof *peers);
    if (peers == NULL)
        return NULL;
    pthread_mutex_init(&peers->lock, NULL);
    peers->running = belay_with_cancel(NULL);
    peers->epoll = epoll_create1(EPOLL_CLOEXEC);
    int fd = belay_fd(peers->running);
    if (peers->epoll >= 0 && fd >= 0 &&
        add(peers, fd, EPOLLIN, UINT64_MAX) == 0 &&
        pthread_create(&peers->thread, NULL, run, peers) == 0)
        return peers;

    if (peers->epoll >= 0)
        close(peers->epoll);
    belay_end(peers->running);
    free(peers);
    return NULL;
}

void peers_stop(struct peers *peers)
{
    belay_cancel(peers->running);
    pthread_join(peers->thread, NULL);
    close(peers->epoll);
    belay_end(peers->running);
    pthread_mutex_destroy(&peers->lock);
    free(peers);
}

static uint64_t handle_of(const struct peers *peers, const struct place *place)
{
    uint64_t index = (uint64_t)(place - peers->places);
    return place->generation * (uint64_t)PLACES + index;
}

int64_t peers_watch(struct peers *peers, int fd, void (*gone)(void *arg),
                    void *arg)
{
    int64_t result = -EAGAIN;
    pthread_mutex_lock(&peers->lock);
    struct place *place = peers->places;
    while (place < peers->places + PLACES && place->is_taken)
        ++place;
    if (place < peers->places + PLACES) {
        ++place->generation;
        uint64_t handle = handle_of(peers, place);
        int err = add(peers, fd, EPOLLRDHUP | EPOLLONESHOT, handle);
        if (err == 0) {
            place->fd = fd;
            place->gone = gone;
            place->arg = arg;
            place->is_taken = true;
        }
        result = err != 0 ? err : (int64_t)handle;
    }
    pthread_mutex_unlock(&peers->lock);
    return result;
}

void peers_unwatch(struct peers *peers, int64_t handle)
{
    pthread_mutex_lock(&peers->lock);
    struct place *place = &peers->places[handle % PLACES];
    epoll_ctl(peers->epoll, EPOLL_CTL_DEL, place->fd, NULL);
    place->gone = NULL;
    place->is_taken = false;
    pthread_mutex_unlock(&peers->lock);
}
