/* SPDX-License-Identifier: MIT */
#include <belay/resolve.h>

#include "addresses.h"
#include "lookup.h"

#include <arpa/inet.h>
#include <string.h>

/* An address in figures, with or without a scope: "fe80::1%eth0". */
static bool is_numeric_host(const char *host)
{
    char figures[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (host == NULL || inet_pton(AF_INET, host, address) == 1)
        return true;
    size_t length = strcspn(host, "%");
    if (length >= sizeof figures)
        return false;
    memcpy(figures, host, length);
    figures[length] = '\0';
    return inet_pton(AF_INET6, figures, address) == 1;
}

static bool is_numeric_service(const char *service)
{
    return service == NULL || service[strspn(service, "0123456789")] == '\0';
}

static int answer_here(const struct belay__question *question,
                       struct addrinfo **ret_list)
{
    struct addrinfo hints = question->hints;
    struct addrinfo *list;
    if (question->host != NULL)
        hints.ai_flags |= AI_NUMERICHOST;
    int err = belay__look_up(question->host, question->service, &hints, &list);
    if (err != 0)
        return err;
    err = belay__copy_addresses(list, ret_list);
    freeaddrinfo(list);
    return err;
}

int belay_resolve(const belay_ctx *ctx, const char *host, const char *service,
                  const struct addrinfo *hints, struct addrinfo **ret_list)
{
    static const struct addrinfo any = {.ai_flags =
                                            AI_V4MAPPED | AI_ADDRCONFIG};
    const struct belay__question question = {host, service,
                                             hints != NULL ? *hints : any};
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    if ((question.hints.ai_flags & AI_NUMERICHOST) != 0 ||
        is_numeric_host(host))
        if (is_numeric_service(service))
            return answer_here(&question, ret_list);
    return belay__fly(ctx, &question, ret_list);
}
