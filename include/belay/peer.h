/* SPDX-License-Identifier: MIT */
#ifndef BELAY_PEER_H
#define BELAY_PEER_H

/*
 * A context that ends when the other side of a socket has gone: the tab was
 * closed, the client was killed, the network is away.
 *
 *     belay_ctx *ctx = belay_with_peer(parent, client, BELAY_FIN_ENDS);
 *     int err = answer(ctx, client);
 *     belay_end(ctx);
 *     close(client);
 *
 * One thread for all sockets, named belay-peer and started by the first,
 * waits for their hang-ups.  It reads nothing, not even the socket's error,
 * and holds no socket open: whatever the peer sent before it went is still
 * there, and hides nothing.  Watches of these contexts run on that thread.
 */

#include <belay/belay.h>

/* What a peer that sends no more has said; TCP cannot tell which. */
enum belay_fin {
    BELAY_FIN_ENDS,  /* it has gone: what browsers and crashed programs mean */
    BELAY_FIN_PASSES /* it still listens, as after shutdown(fd, SHUT_WR) */
};

/*
 * Returns a child of parent that also ends when the peer of `socket` has gone:
 * a connected stream of TCP, of Unix or the like.  The code of its cause is
 *
 *     -EPIPE       the peer closed the connection
 *     -ECONNRESET  it broke the connection off
 *     -ETIMEDOUT   it fell silent: see belay_peer_must_answer()
 *
 * If it has gone already, the child is born ended.  So it is if the peer
 * cannot be watched: -EBADF, -ENOTSOCK, -EPROTOTYPE (no stream), -ENOTCONN,
 * -EMFILE, -ENFILE, -ENOMEM, -ENOSPC (the system's limit of watched
 * descriptors), -EAGAIN (no thread).  Never NULL, as belay_with_cancel().
 *
 * With BELAY_FIN_PASSES, a peer that has closed is noticed when something is
 * sent to it, or by its silence; that of a Unix socket at once.
 *
 * The socket stays the caller's.  End the context before closing it: later is
 * too late to be told, and does no harm, whoever has the number by then.  A
 * socket may have many contexts.  shutdown() of one's own side for reading
 * looks like the peer's.  In the child of a fork() an inherited context is not
 * watched; one made there is.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_peer(const belay_ctx *parent, int socket,
                           enum belay_fin fin);

/*
 * Has the kernel give up a TCP peer of which nothing was heard for `within`: it
 * asks an idle one, and waits no longer for what it sent to be taken.  Without
 * this, a peer whose network is away is there for hours, or for good.
 *
 * Whole seconds, from 2 to 40000; it may take an eighth of them more, or one
 * second.  For the socket's own life.  0, also for a Unix socket, which needs
 * no such thing; -EINVAL: out of range; -EBADF, -ENOTSOCK, -ENOPROTOOPT.
 */
BELAY_API int belay_peer_must_answer(int socket, belay_duration within);

/* As belay_with_peer(), made at a place that a wrapper has to give. */
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_peer_at(const belay_ctx *parent, int socket,
                              enum belay_fin fin, const char *where);
#define belay_with_peer(parent, socket, fin) \
    belay_with_peer_at(parent, socket, fin, BELAY_HERE)

#endif
