/* SPDX-License-Identifier: MIT */

/*
 * Connections by name: RFC 8305.
 *
 * Go gives each address its share of the time left, and tries one after the
 * other.  Here the attempts go on side by side, so that what is shared out is
 * the head start of each: a slow address is not given up for the next one.
 */

#include "dial.h"
#include "connect.h"
#include "system.h"

#include <belay/io.h>
#include <belay/resolve.h>

#include <netdb.h>

#define LONGEST_HEAD_START (250 * BELAY_MILLISECOND)
#define SHORTEST_HEAD_START (10 * BELAY_MILLISECOND)

enum { SIDE_BY_SIDE = 16 }; /* then the next waits until one has failed */

struct dial {
    const belay_ctx *ctx;
    const struct addrinfo *next[2]; /* of the first one's family, and others */
    int family;                     /* the first one's */
    int turn;                       /* which of the two is next */
    int left;                       /* addresses not yet tried */
    belay_time next_start;
    nfds_t count;
    struct pollfd attempts[SIDE_BY_SIDE];
    const struct addrinfo *first;
    const struct addrinfo *addresses[SIDE_BY_SIDE]; /* of the attempts */
    int first_err;                                  /* the first address's */
};

belay_duration belay__head_start(belay_duration left, int addresses)
{
    belay_duration share = left / addresses;
    if (share < SHORTEST_HEAD_START)
        return SHORTEST_HEAD_START;
    return share < LONGEST_HEAD_START ? share : LONGEST_HEAD_START;
}

/* --- The addresses in their order ---------------------------------------- */

static const struct addrinfo *skip_to(const struct dial *dial,
                                      const struct addrinfo *at, int which)
{
    while (at != NULL && (at->ai_family == dial->family) != (which == 0))
        at = at->ai_next;
    return at;
}

static struct dial make_dial(const belay_ctx *ctx, const struct addrinfo *list)
{
    struct dial dial = {.ctx = ctx,
                        .family = list->ai_family,
                        .first = list,
                        .first_err = -EADDRNOTAVAIL};
    for (int which = 0; which < 2; ++which)
        dial.next[which] = skip_to(&dial, list, which);
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        ++dial.left;
    return dial;
}

static const struct addrinfo *take_next(struct dial *dial)
{
    if (dial->next[dial->turn] == NULL)
        dial->turn = !dial->turn;
    const struct addrinfo *address = dial->next[dial->turn];
    dial->next[dial->turn] = skip_to(dial, address->ai_next, dial->turn);
    dial->turn = !dial->turn;
    --dial->left;
    return address;
}

/* --- Attempts ------------------------------------------------------------- */

static void note_failure(struct dial *dial, const struct addrinfo *address,
                         int err)
{
    if (address == dial->first)
        dial->first_err = err;
    dial->next_start = 0;
}

/* A descriptor that is connected, or -EINPROGRESS: the dial goes on. */
static int start_next(struct dial *dial)
{
    belay_duration left = belay_remaining(dial->ctx);
    dial->next_start = belay_now() + belay__head_start(left, dial->left);
    const struct addrinfo *address = take_next(dial);
    long fd = SYSTEM3(SYS_socket, address->ai_family,
                      address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                      address->ai_protocol);
    int err = (int)fd;
    if (fd >= 0)
        err = (int)belay__begin_to_connect((int)fd, address->ai_addr,
                                           address->ai_addrlen);
    if (fd >= 0 && err == 0)
        return (int)fd;
    if (err == -EINPROGRESS || err == -EINTR) {
        dial->attempts[dial->count] = (struct pollfd){(int)fd, POLLOUT, 0};
        dial->addresses[dial->count++] = address;
    } else {
        note_failure(dial, address, err);
        if (fd >= 0)
            SYSTEM1(SYS_close, fd);
    }
    return -EINPROGRESS;
}

/* Looks at the attempts that are through; as start_next(). */
static int settle(struct dial *dial)
{
    for (nfds_t i = dial->count; i-- > 0;) {
        if (dial->attempts[i].revents == 0)
            continue;
        int fd = dial->attempts[i].fd;
        int err = belay__outcome(fd);
        const struct addrinfo *address = dial->addresses[i];
        --dial->count;
        dial->attempts[i] = dial->attempts[dial->count];
        dial->addresses[i] = dial->addresses[dial->count];
        if (err == 0)
            return fd;
        SYSTEM1(SYS_close, fd);
        note_failure(dial, address, err);
    }
    return -EINPROGRESS;
}

static int await_any(struct dial *dial)
{
    belay_duration patience = -1;
    if (dial->left > 0 && dial->count < SIDE_BY_SIDE) {
        patience = dial->next_start - belay_now();
        patience = patience > 0 ? patience : 0;
    }
    int ready = belay_poll(dial->ctx, dial->attempts, dial->count, patience);
    return ready < 0 ? ready : settle(dial);
}

static bool may_start(const struct dial *dial)
{
    return dial->left > 0 && dial->count < SIDE_BY_SIDE &&
           (dial->count == 0 || belay_now() >= dial->next_start);
}

int belay_dial_any(const belay_ctx *ctx, const struct addrinfo *list)
{
    int fd = belay_err(ctx);
    if (fd == 0 && list == NULL)
        fd = -EADDRNOTAVAIL;
    if (fd != 0)
        return fd;

    struct dial dial = make_dial(ctx, list);
    fd = -EINPROGRESS;
    while (fd == -EINPROGRESS) {
        if ((fd = belay_err(ctx)) != 0)
            break;
        if (may_start(&dial))
            fd = start_next(&dial);
        else if (dial.count > 0)
            fd = await_any(&dial);
        else
            fd = dial.first_err;
    }
    for (nfds_t i = 0; i < dial.count; ++i)
        SYSTEM1(SYS_close, dial.attempts[i].fd);
    if (fd >= 0)
        belay__set_waiting(fd, MAY_WAIT);
    return fd;
}

int belay_dial(const belay_ctx *ctx, const char *host, const char *service)
{
    const struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int fd = belay_resolve(ctx, host, service, &hints, &list);
    if (fd != 0)
        return fd;
    fd = belay_dial_any(ctx, list);
    belay_resolve_free(list);
    return fd;
}
