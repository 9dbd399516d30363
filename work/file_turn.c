/* SPDX-License-Identifier: MIT */
#include "file_turn.h"
#include "system.h"

#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct belay__file_turn *taken; /* under the mutex */

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

/* The threads that held the turns are not here. */
static void after_fork_in_child(void)
{
    taken = NULL;
    pthread_mutex_unlock(&mutex);
}

static void mind_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static bool is_taken(int fd, short events)
{
    for (const struct belay__file_turn *turn = taken; turn != NULL;
         turn = turn->next)
        if (turn->fd == fd && turn->events == events)
            return true;
    return false;
}

bool belay__take_file_turn(struct belay__file_turn *turn, int fd, short events)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, mind_forks);

    turn->fd = fd;
    turn->events = events;
    pthread_mutex_lock(&mutex);
    bool is_ours = !is_taken(fd, events);
    if (is_ours) {
        turn->next = taken;
        turn->link = &taken;
        if (taken != NULL)
            taken->link = &turn->next;
        taken = turn;
    }
    pthread_mutex_unlock(&mutex);
    return is_ours;
}

void belay__end_file_turn(struct belay__file_turn *turn)
{
    pthread_mutex_lock(&mutex);
    *turn->link = turn->next;
    if (turn->next != NULL)
        turn->next->link = turn->link;
    pthread_mutex_unlock(&mutex);
}

int belay__is_ready(int fd, short events)
{
    struct pollfd asked = {fd, events, 0};
    const struct timespec none = {0, 0};
    return (int)SYSTEM4(SYS_ppoll, (long)&asked, 1, (long)&none, 0);
}
