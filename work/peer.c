/* SPDX-License-Identifier: MIT */
#include <belay/peer.h>

#include "hangup.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/*
 * What ties a context to a socket: a hang-up that cancels the one, and a watch
 * that lets go the other.  Each holds it until it has been called or is taken
 * back; the later frees it.  It holds the context, which its maker may give
 * back, as the loser of a race, before the watch has been told.
 */
struct peer {
    struct hangup hangup; /* the first: fn gets a pointer to it */
    struct belay_watch watch;
    belay_ctx *ctx;
    const char *where;
    atomic_int holders;
};

static void let_go(struct peer *peer)
{
    if (atomic_fetch_sub_explicit(&peer->holders, 1, memory_order_acq_rel) > 1)
        return;
    belay_unref(peer->ctx);
    free(peer);
}

/* --- Why it went ---------------------------------------------------------- */

/* In milliseconds: how long the kernel waits for a peer, and has waited. */
static bool fell_silent(int socket)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        (info.tcpi_probes == 0 && info.tcpi_retransmits == 0))
        return false;
    unsigned limit = 0;
    size = sizeof limit;
    getsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, &size);
    return info.tcpi_last_ack_recv >= limit;
}

/* SO_ERROR would say it, too, and take it from whoever reads the socket. */
static void cancel(struct peer *peer, uint32_t events)
{
    int code = -EPIPE;
    const char *text = "peer closed the connection";
    if ((events & EPOLLERR) != 0) {
        bool is_silent = fell_silent(peer->hangup.fd);
        code = is_silent ? -ETIMEDOUT : -ECONNRESET;
        text = is_silent ? "peer fell silent" : "peer reset the connection";
    }
    belay_cancel_cause_at(peer->ctx, peer->where, code, "%s", text);
}

/* --- Watching ------------------------------------------------------------- */

static void hung_up(struct hangup *hangup, uint32_t events)
{
    int saved = errno;
    struct peer *peer = (struct peer *)hangup;
    cancel(peer, events);
    let_go(peer);
    errno = saved;
}

static void stop_watching(struct peer *peer)
{
    int saved = errno;
    if (belay__hangup_remove(&peer->hangup))
        let_go(peer);
    let_go(peer);
    errno = saved;
}

static void context_ended(void *arg, int err)
{
    struct peer *peer = arg;
    (void)err;
    belay_unwatch(&peer->watch); /* its memory may go */
    stop_watching(peer);
}

static int check_stream(int socket)
{
    int type;
    socklen_t size = sizeof type;
    if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return -errno;
    return type == SOCK_STREAM || type == SOCK_SEQPACKET ? 0 : -EPROTOTYPE;
}

static int check_connected(int socket)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    return getpeername(socket, (struct sockaddr *)&address, &size) ? -errno : 0;
}

/* Returns the events of a peer that has gone already, 0, or -errno. */
static int watch(struct peer *peer)
{
    int socket = peer->hangup.fd;
    int err = check_stream(socket);
    if (err != 0)
        return err;
    /* A socket that was never connected has hung up, too, and nothing else. */
    struct pollfd state = {.fd = socket, .events = POLLRDHUP};
    belay_poll(NULL, &state, 1, 0);
    if ((state.revents & (POLLRDHUP | POLLERR)) == 0)
        err = check_connected(socket);
    if (err != 0)
        return err;
    int gone = state.revents & (int)peer->hangup.events;
    return gone != 0 ? gone : belay__hangup_add(&peer->hangup);
}

static void refuse(belay_ctx *ctx, int socket, int err, const char *where)
{
    belay_cancel_cause_at(ctx, where, err, "peer of descriptor %d: %s", socket,
                          belay_strerror(err));
}

static void bind_to_peer(belay_ctx *ctx, int socket, enum belay_fin fin,
                         const char *where)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        refuse(ctx, socket, -ENOMEM, where);
        return;
    }
    uint32_t events = EPOLLERR | EPOLLHUP;
    if (fin != BELAY_FIN_PASSES)
        events |= EPOLLRDHUP;
    peer->hangup = (struct hangup){NULL, hung_up, socket, events, 0};
    peer->where = where;
    peer->ctx = ctx;
    belay_ref(ctx);
    atomic_init(&peer->holders, 2);
    int gone = watch(peer);
    if (gone < 0)
        refuse(ctx, socket, gone, where);
    else if (gone > 0)
        cancel(peer, (uint32_t)gone);
    if (gone != 0)
        let_go(peer); /* the hang-up is not registered */
    if (!belay_watch(ctx, &peer->watch, context_ended, peer))
        stop_watching(peer);
}

belay_ctx *belay_with_peer_at(const belay_ctx *parent, int socket,
                              enum belay_fin fin, const char *where)
{
    belay_ctx *ctx = belay_with_cancel_at(parent, where);
    if (belay_err(ctx) != 0)
        return ctx;
    int saved = errno;
    bind_to_peer(ctx, socket, fin, where);
    errno = saved;
    return ctx;
}

belay_ctx *(belay_with_peer)(const belay_ctx *parent, int socket,
                             enum belay_fin fin)
{
    return belay_with_peer_at(parent, socket, fin, "?");
}

/* --- Silence -------------------------------------------------------------- */

static int set(int socket, int level, int option, int value)
{
    return setsockopt(socket, level, option, &value, sizeof value) ? -errno : 0;
}

static int set_silence(int socket, int seconds)
{
    enum { PROBES = 4 }; /* what is due is looked at with each of them */
    int interval = seconds > 2 * PROBES ? seconds / 2 / PROBES : 1;
    int idle = seconds - PROBES * interval;
    int err = set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (err == 0)
        err = set(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle > 0 ? idle : 1);
    if (err == 0)
        err = set(socket, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    if (err == 0)
        err = set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
    return err;
}

int belay_peer_must_answer(int socket, belay_duration within)
{
    enum { LEAST = 2, MOST = 40000 }; /* the kernel's own is 32767, idle */
    if (within < LEAST * BELAY_SECOND || within > MOST * BELAY_SECOND)
        return -EINVAL;
    int saved = errno;
    int family;
    socklen_t size = sizeof family;
    int err = 0;
    if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
        err = -errno;
    else if (family == AF_INET || family == AF_INET6)
        err = set_silence(socket, (int)(within / BELAY_SECOND));
    errno = saved;
    return err;
}
