/* SPDX-License-Identifier: MIT */

/*
 * ares_cancel() ends all that is asked on a channel, so that each look-up has
 * one to itself.  Its sockets are polled together with the context.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct addrinfo */
#endif

#include <belay/cares.h>

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* --- Words of the two languages --------------------------------------------
 */

static int flags_of(int flags)
{
    static const int words[][2] = {{AI_PASSIVE, ARES_AI_PASSIVE},
                                   {AI_CANONNAME, ARES_AI_CANONNAME},
                                   {AI_NUMERICHOST, ARES_AI_NUMERICHOST},
                                   {AI_NUMERICSERV, ARES_AI_NUMERICSERV},
                                   {AI_V4MAPPED, ARES_AI_V4MAPPED},
                                   {AI_ALL, ARES_AI_ALL},
                                   {AI_ADDRCONFIG, ARES_AI_ADDRCONFIG}};
    int result = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        if ((flags & words[i][0]) != 0)
            result |= words[i][1];
    return result;
}

static int errno_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOMEM:
        return -ENOMEM;
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
        return -EAGAIN;
    case ARES_EBADFLAGS:
    case ARES_EBADHINTS:
        return -EINVAL;
    case ARES_EBADFAMILY:
        return -EAFNOSUPPORT;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
    case ARES_ENONAME:
    case ARES_ESERVICE:
        return -ENXIO;
    default:
        return -EIO;
    }
}

/* --- A list in one block, for belay_resolve_free() ---------------------------
 */

struct entry {
    struct addrinfo node;
    struct sockaddr_storage address;
};

static void fill(struct entry *entry, const struct ares_addrinfo_node *from,
                 int socktype)
{
    entry->node.ai_family = from->ai_family;
    entry->node.ai_socktype =
        from->ai_socktype != 0 ? from->ai_socktype : socktype;
    entry->node.ai_protocol = from->ai_protocol;
    entry->node.ai_addrlen = from->ai_addrlen;
    entry->node.ai_addr = (struct sockaddr *)&entry->address;
    memcpy(&entry->address, from->ai_addr, from->ai_addrlen);
}

static int list_of(const struct ares_addrinfo *found, int socktype,
                   struct addrinfo **ret_list)
{
    size_t count = 0;
    for (struct ares_addrinfo_node *n = found->nodes; n != NULL; n = n->ai_next)
        ++count;
    size_t length = found->name != NULL ? strlen(found->name) + 1 : 0;
    struct entry *entries = calloc(1, count * sizeof *entries + length);
    if (count == 0 || entries == NULL) {
        free(entries);
        return count == 0 ? -ENXIO : -ENOMEM;
    }

    size_t i = 0;
    for (struct ares_addrinfo_node *n = found->nodes; n != NULL;
         n = n->ai_next, ++i) {
        fill(&entries[i], n, socktype);
        if (i > 0)
            entries[i - 1].node.ai_next = &entries[i].node;
    }
    if (length > 0)
        entries->node.ai_canonname =
            memcpy(entries + count, found->name, length);
    *ret_list = &entries->node;
    return 0;
}

/* --- A look-up --------------------------------------------------------------
 */

struct look_up {
    const belay_ctx *ctx;
    ares_channel channel;
    bool is_over;
    int status;
    struct ares_addrinfo *found;
};

static void keep_answer(void *arg, int status, int timeouts,
                        struct ares_addrinfo *found)
{
    struct look_up *it = arg;
    (void)timeouts;
    it->is_over = true;
    it->status = status;
    it->found = found;
}

static nfds_t sockets_of(ares_channel channel,
                         struct pollfd fds[ARES_GETSOCK_MAXNUM])
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    unsigned bits =
        (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    nfds_t count = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        /* Not c-ares's macros, which shift into the sign. */
        int events =
            ((bits >> i & 1) != 0 ? POLLIN : 0) |
            ((bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0 ? POLLOUT : 0);
        if (events != 0)
            fds[count++] = (struct pollfd){sockets[i], (short)events, 0};
    }
    return count;
}

static belay_duration patience_of(ares_channel channel)
{
    struct timeval storage;
    struct timeval *left = ares_timeout(channel, NULL, &storage);
    if (left == NULL)
        return -1;
    return left->tv_sec * BELAY_SECOND + left->tv_usec * BELAY_MICROSECOND;
}

/* Returns 0 when the answer is there, or belay_poll()'s error. */
static int await_answer(struct look_up *it)
{
    while (!it->is_over) {
        struct pollfd fds[ARES_GETSOCK_MAXNUM];
        nfds_t count = sockets_of(it->channel, fds);
        int ready = belay_poll(it->ctx, fds, count, patience_of(it->channel));
        if (ready < 0)
            return ready;
        if (ready == 0)
            ares_process_fd(it->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        for (nfds_t i = 0; i < count; ++i) {
            bool may_read = (fds[i].revents & ~POLLOUT) != 0;
            bool may_write = (fds[i].revents & POLLOUT) != 0;
            if (may_read || may_write)
                ares_process_fd(it->channel,
                                may_read ? fds[i].fd : ARES_SOCKET_BAD,
                                may_write ? fds[i].fd : ARES_SOCKET_BAD);
        }
    }
    return 0;
}

static int look_up(struct look_up *it, const char *host, const char *service,
                   const struct addrinfo *hints, struct addrinfo **ret_list)
{
    const struct ares_addrinfo_hints asked = {
        flags_of(hints->ai_flags), hints->ai_family, hints->ai_socktype,
        hints->ai_protocol};
    ares_getaddrinfo(it->channel, host, service, &asked, keep_answer, it);
    int err = await_answer(it);
    ares_destroy(it->channel); /* which cancels */
    if (err == 0)
        err = errno_of(it->status);
    if (err == 0)
        err = list_of(it->found, hints->ai_socktype, ret_list);
    if (it->found != NULL)
        ares_freeaddrinfo(it->found);
    return err;
}

int belay_cares_resolve(const belay_ctx *ctx, ares_channel like,
                        const char *host, const char *service,
                        const struct addrinfo *hints,
                        struct addrinfo **ret_list)
{
    static const struct addrinfo any = {.ai_flags =
                                            AI_V4MAPPED | AI_ADDRCONFIG};
    struct look_up it = {.ctx = ctx};
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    if (host == NULL) /* which c-ares does not know */
        return belay_resolve(ctx, NULL, service, hints, ret_list);

    int saved = errno;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    err = errno_of(like != NULL ? ares_dup(&it.channel, like)
                                : ares_init(&it.channel));
    if (err == 0)
        err =
            look_up(&it, host, service, hints != NULL ? hints : &any, ret_list);
    pthread_setcancelstate(cancel_state, NULL);
    errno = saved;
    return err;
}
