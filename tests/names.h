/* SPDX-License-Identifier: MIT */
#ifndef TESTS_NAMES_H
#define TESTS_NAMES_H

/*
 * A name service that does as it is told.  The program's own getaddrinfo()
 * comes before the C library's, for the library under test as well.
 *
 *     slow...        answers when it is released
 *     none, again, fail, system     do not exist, or fail in these ways
 *     all others     are at 192.0.2.1
 */

#include "check.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>

static struct {
    atomic_int calls;
    sem_t entered; /* once for each slow name that is asked */
    sem_t release;
    pthread_t thread; /* who asked last, and what */
    int blocked_signals;
    int flags;
} names;

static inline void open_names(void)
{
    names.calls = 0;
    sem_init(&names.entered, 0, 0);
    sem_init(&names.release, 0, 0);
}

static inline bool is_blocked(int number)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    return sigismember(&blocked, number) == 1;
}

static inline struct addrinfo *answer(const struct addrinfo *hints)
{
    struct addrinfo *list = calloc(1, sizeof *list);
    struct sockaddr_in *address = calloc(1, sizeof *address);
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(0xc0000201)};
    *list = (struct addrinfo){.ai_family = AF_INET,
                              .ai_socktype = hints->ai_socktype,
                              .ai_addrlen = sizeof *address,
                              .ai_addr = (struct sockaddr *)address,
                              .ai_canonname = strdup("canonical.test")};
    return list;
}

int getaddrinfo(const char *host, const char *service,
                const struct addrinfo *hints, struct addrinfo **ret_list)
{
    (void)service;
    ++names.calls;
    names.thread = pthread_self();
    names.blocked_signals = is_blocked(SIGINT) + is_blocked(SIGPROF);
    names.flags = hints->ai_flags;
    if (host != NULL && strncmp(host, "slow", 4) == 0) {
        sem_post(&names.entered);
        await(&names.release);
    }
    if (host != NULL && strcmp(host, "none") == 0)
        return EAI_NONAME;
    if (host != NULL && strcmp(host, "again") == 0)
        return EAI_AGAIN;
    if (host != NULL && strcmp(host, "fail") == 0)
        return EAI_FAIL;
    errno = EMFILE;
    if (host != NULL && strcmp(host, "system") == 0)
        return EAI_SYSTEM;
    *ret_list = answer(hints);
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    free(list->ai_addr);
    free(list->ai_canonname);
    free(list);
}

#endif
