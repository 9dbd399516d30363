/* SPDX-License-Identifier: MIT */
#include "addresses.h"

#include <belay/resolve.h>

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- Copies --------------------------------------------------------------- */

/* A node and what it points at, side by side; aligned as struct addrinfo. */
struct copied {
    struct addrinfo node;
    struct sockaddr_storage address;
};

static size_t length_of(const char *name)
{
    return name != NULL ? strlen(name) + 1 : 0;
}

static void copy_node(struct copied *to, const struct addrinfo *from)
{
    to->node = *from;
    to->node.ai_addr = (struct sockaddr *)&to->address;
    memcpy(&to->address, from->ai_addr, from->ai_addrlen);
    to->node.ai_next = NULL;
    to->node.ai_canonname = NULL;
}

/* Only the first node has a canonical name, behind all the nodes. */
int belay__copy_addresses(const struct addrinfo *list,
                          struct addrinfo **ret_list)
{
    size_t count = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        ++count;
    size_t length = length_of(list->ai_canonname);
    struct copied *copies = malloc(count * sizeof *copies + length);
    if (copies == NULL)
        return -ENOMEM;

    size_t i = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next, ++i) {
        copy_node(&copies[i], a);
        if (i > 0)
            copies[i - 1].node.ai_next = &copies[i].node;
    }
    if (length > 0)
        copies->node.ai_canonname =
            memcpy(copies + count, list->ai_canonname, length);
    *ret_list = &copies->node;
    return 0;
}

void belay_resolve_free(struct addrinfo *list)
{
    free(list);
}

/* --- getaddrinfo() -------------------------------------------------------- */

static int errno_of(int failure)
{
    switch (failure) {
    case 0:
        return 0;
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return errno != 0 ? -errno : -EIO;
    case EAI_BADFLAGS:
        return -EINVAL;
    case EAI_FAMILY:
        return -EAFNOSUPPORT;
    case EAI_SOCKTYPE:
        return -ESOCKTNOSUPPORT;
    case EAI_FAIL:
        return -EIO;
    case EAI_OVERFLOW:
        return -ENAMETOOLONG;
    default: /* EAI_NONAME, EAI_SERVICE, and what other systems have */
        return -ENXIO;
    }
}

int belay__look_up(const char *host, const char *service,
                   const struct addrinfo *hints, struct addrinfo **ret_list)
{
    int saved = errno;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    errno = 0;
    int err = errno_of(getaddrinfo(host, service, hints, ret_list));
    pthread_setcancelstate(cancel_state, NULL);
    errno = saved;
    return err;
}
