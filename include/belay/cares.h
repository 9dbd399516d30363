/* SPDX-License-Identifier: MIT */
#ifndef BELAY_CARES_H
#define BELAY_CARES_H

/*
 * belay_resolve() by c-ares: look-ups that truly stop when a context ends, and
 * need no thread.
 *
 *     struct addrinfo *list;
 *     int err = belay_cares_resolve(ctx, NULL, "example.com", "443", &hints,
 *                                   &list);
 *     if (err == 0)
 *         err = belay_dial_any(ctx, list);
 *
 * c-ares asks the hosts file and DNS servers, and knows no other name service
 * of the system.
 */

#include <belay/resolve.h>

#include <sys/select.h> /* which <ares.h> leaves to us */

#include <ares.h>

/*
 * As belay_resolve(): 0, and *ret_list is yours to belay_resolve_free(); or a
 * negative errno, belay_err(ctx) as soon as ctx has ended.
 *
 * Each look-up has a channel of its own, with the servers and options of
 * `like`, on which nothing is asked or canceled; NULL: with the system's.  Any
 * number of threads may look up like the same channel, while none changes it.
 *
 * The name of a service, and the files that c-ares reads, are read as usual:
 * from a disk, which knows no end.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(6)
int belay_cares_resolve(const belay_ctx *ctx, ares_channel like,
                        const char *host, const char *service,
                        const struct addrinfo *hints,
                        struct addrinfo **ret_list);

#endif
