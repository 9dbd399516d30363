/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

/*
 * What every test program starts from: cmocka, and a handful of words.
 *
 * A failing CHECK() jumps out of the test, so only the thread that runs the
 * tests may say it.  Other threads leave what they saw where that one finds it.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifndef WITH_TSAN
#define WITH_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__) || WITH_TSAN
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define TEST(name) static void name(__attribute__((unused)) void **state)
#define CHECK(claim) ((claim) ? (void)0 : refute(#claim, __FILE__, __LINE__))
#define LENGTH(array) (sizeof(array) / sizeof *(array))

static inline void refute(const char *claim, const char *file, int line)
{
    print_error("not true: %s\n", claim);
    _fail(file, line);
}

/* A test that hangs is a test that fails: the program dies of SIGALRM. */
static inline void watchdog(void)
{
    alarm(SANITIZED ? 600 : 120);
}

/* --- Threads ------------------------------------------------------------ */

static inline pthread_t start(void *(*run)(void *arg), void *arg)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, arg) == 0);
    return thread;
}

static inline void *join(pthread_t thread)
{
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    return result;
}

static inline void await(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        continue;
}

static inline bool has_come(sem_t *sem)
{
    return sem_trywait(sem) == 0;
}

/* --- What tests register and look at ------------------------------------ */

static inline void count_call(void *arg, int err)
{
    (void)err;
    ++*(int *)arg;
}

static inline void keep_err(void *arg, int err)
{
    *(int *)arg = err;
}

static inline void post(void *arg)
{
    sem_post(arg);
}

static inline bool is_readable(int fd)
{
    struct pollfd asked = {fd, POLLIN, 0};
    return poll(&asked, 1, 0) == 1 && (asked.revents & POLLIN) != 0;
}

#endif
