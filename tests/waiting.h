/* SPDX-License-Identifier: MIT */
#ifndef TESTS_WAITING_H
#define TESTS_WAITING_H

#include "check.h"

#include "fakes/delay.h"

/* Threads that are known to wait: after delay_install(). */

/* Starts a thread, and returns when it is in the queue of what it waits for;
   it is held there, having looked at nothing yet. */
static inline pthread_t start_and_hold(void *(*run)(void *arg), void *arg)
{
    delay_hold("wait");
    pthread_t thread = start(run, arg);
    delay_await("wait");
    return thread;
}

/* The same, and lets it fall asleep. */
static inline pthread_t start_waiting(void *(*run)(void *arg), void *arg)
{
    pthread_t thread = start_and_hold(run, arg);
    delay_release("wait");
    return thread;
}

#endif
