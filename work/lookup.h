/* SPDX-License-Identifier: MIT */
#ifndef WORK_LOOKUP_H
#define WORK_LOOKUP_H

#include <belay/belay.h>

#include <netdb.h>

/* What is asked: two that are equal are answered by one look-up. */
struct belay__question {
    const char *host;    /* NULL: none */
    const char *service; /* NULL: none */
    struct addrinfo hints;
};

/* Waits for the answer, or the end of ctx; as belay_resolve(). */
int belay__fly(const belay_ctx *ctx, const struct belay__question *question,
               struct addrinfo **ret_list);

#endif
