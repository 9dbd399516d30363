/* SPDX-License-Identifier: MIT */
#ifndef BELAY_HOP_H
#define BELAY_HOP_H

/*
 * A deadline that goes along with a request, to another process.
 *
 * What is sent is the time left, never an instant: clocks differ.  Who sends
 * takes off what has gone by; who receives takes the least of it and of a limit
 * of its own.  Each hop thus has less than the one before it.
 *
 *     belay_hop_format(BELAY_HOP_GRPC, belay_remaining(ctx), text, sizeof text)
 *     ...
 *     belay_ctx *ctx = belay_with_hop(root, BELAY_HOP_GRPC, text);
 */

#include <belay/belay.h>

/* How the time left is written, and in which header. */
enum belay_hop {
    BELAY_HOP_PLAIN, /* timeout-ms: 850 */
    BELAY_HOP_GRPC,  /* grpc-timeout: 850m (H, M, S, m, u, n) */
    BELAY_HOP_ENVOY  /* x-envoy-expected-rq-timeout-ms: 850 */
};

/* Returns the header's name, in lower case, as HTTP/2 has it; static. */
BELAY_API const char *belay_hop_header(enum belay_hop hop);

/*
 * Writes how much time is left.  snprintf's contract: returns the length of the
 * whole text, cuts what does not fit, and always terminates it.
 *
 * Rounds down, but for the last fraction of a millisecond: 0 would mean "no
 * limit" to some.  BELAY_FOREVER is an empty text, and 0 is returned: send no
 * header.  Nothing left is BELAY_DEADLINE_EXCEEDED: send no request.
 */
BELAY_API int belay_hop_format(enum belay_hop hop, belay_duration left,
                               char *buffer, size_t size);

/*
 * Reads how much time is left.  0 is none; what is too long for a
 * belay_duration is BELAY_FOREVER.
 *
 * -EINVAL: text is anything but digits, and a unit where there is to be one;
 * *ret_left is left alone.
 */
BELAY_API BELAY_NONNULL(2, 3)
int belay_hop_parse(enum belay_hop hop, const char *text,
                    belay_duration *ret_left);

/*
 * Returns a child of parent that ends at the latest when the time left in text
 * is over, with the header's name as the text of its cause.
 *
 * NULL (there was no such header) and a limit later than the parent's make it
 * a belay_with_cancel().  A text that cannot be read gives a child that has
 * been canceled, with -EINVAL as the cause's code: the request is refused, not
 * left without its limit.  Else, and for ownership, as belay_with_timeout().
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_hop(const belay_ctx *parent, enum belay_hop hop,
                          const char *text);

/* For wrappers, as in <belay/belay.h>. */
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_hop_at(const belay_ctx *parent, enum belay_hop hop,
                             const char *text, const char *where);
#define belay_with_hop(parent, hop, text) \
    belay_with_hop_at(parent, hop, text, BELAY_HERE)

#endif
