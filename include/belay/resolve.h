/* SPDX-License-Identifier: MIT */
#ifndef BELAY_RESOLVE_H
#define BELAY_RESOLVE_H

/*
 * getaddrinfo(3) that returns when a context ends, and connections by name.
 *
 *     int fd = belay_dial(ctx, "example.com", "443");
 *     if (fd < 0)
 *         return fd;
 *
 * Nothing can interrupt getaddrinfo(3).  So it runs on a thread of the
 * library, and its caller leaves when the context ends; what nobody waits for
 * any more goes on until the name service gives up, and its answer is dropped.
 * Those are bounded and can be counted.  Where that will not do, there is
 * <belay/cares.h>, whose look-ups truly stop.
 *
 * The threads are detached, block all signals, end when there is nothing more
 * to look up, and are not waited for at exit.  The first of them keeps the
 * library in the process for good: dlclose() does not unload it any more.  A
 * child of fork() begins without look-ups.
 */

#include <belay/belay.h>

struct addrinfo; /* <netdb.h> */

/* So many look-ups run at a time; others wait until it is their turn. */
#define BELAY_RESOLVE_AT_ONCE 64

/*
 * As getaddrinfo(3): 0, and *ret_list is yours to belay_resolve_free(); or a
 * negative errno, belay_err(ctx) as soon as ctx has ended.
 *
 * `host` and `hints` may be NULL, and so may `service`.  Equal questions that
 * are asked at the same time share one look-up: it is taken back when the last
 * who waits for it leaves, if it has not begun; if it has, it goes on, and
 * serves whoever asks the same before it is over.
 *
 * A numeric host, or none, with a numeric service, or none, is answered on the
 * caller's thread.
 *
 * -ENXIO: there is no such host or service, or it has no such address.
 * -EAGAIN: the name service did not answer, try later; or there is no thread.
 * -EIO: it answered with a failure.  -EINVAL, -EAFNOSUPPORT,
 * -ESOCKTNOSUPPORT: the hints.  -ENOMEM, and errors of the system.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(5)
int belay_resolve(const belay_ctx *ctx, const char *host, const char *service,
                  const struct addrinfo *hints, struct addrinfo **ret_list);

/* Gives back a list of belay_resolve(), whole, once.  NULL is fine. */
BELAY_API void belay_resolve_free(struct addrinfo *list);

/* How many look-ups are running that nobody waits for any more. */
BELAY_API int belay_resolve_abandoned(void);

/*
 * Connects to a host by name: a stream socket, close-on-exec, blocking, yours
 * to close; or a negative errno.
 *
 * Resolves the name, and then goes on as belay_dial_any().
 */
BELAY_API BELAY_MUST_USE
int belay_dial(const belay_ctx *ctx, const char *host, const char *service);

/*
 * Connects to whichever of the addresses answers first (RFC 8305): they are
 * tried in their order, families in turn, the next one 250 ms after the one
 * before, or as soon as that has failed.  With a deadline the time left is
 * split over the addresses left, so that each gets its turn before it: where a
 * share is shorter than 250 ms, the next one comes after that, but never in
 * less than 10 ms.
 *
 * When ctx ends, all attempts are closed, and belay_err(ctx) is returned.  If
 * all fail, the first address's error is.  The list stays the caller's; a NULL
 * one is -EADDRNOTAVAIL.
 */
BELAY_API BELAY_MUST_USE
int belay_dial_any(const belay_ctx *ctx, const struct addrinfo *list);

#endif
