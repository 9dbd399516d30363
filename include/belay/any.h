/* SPDX-License-Identifier: MIT */
#ifndef BELAY_ANY_H
#define BELAY_ANY_H

#include <belay/belay.h>

/*
 * Returns a context that ends when any of `count` parents does, with its cause.
 *
 *     const belay_ctx *const parents[] = {request, server};
 *     belay_ctx *ctx = belay_with_any(parents, 2);
 *
 * It is a child of the first, which gives it its values.  Its deadline is the
 * earliest of all.  When a parent that is not the first is canceled, belay_err()
 * is BELAY_CANCELED and belay_cause() has that parent's code, text and place;
 * this happens in a watch on that parent, which is its canceler's thread.
 *
 * The parents need not outlive it, and once it has been given back nothing of
 * it is left at any of them.  NULL is the background.  In the child of a fork()
 * only the first parent of what another thread had made is heard of.
 *
 * Never NULL, as belay_with_cancel(): out of memory gives a context that has
 * ended, with -ENOMEM in its cause.  The caller owns it.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_any_at(const belay_ctx *const *parents, size_t count,
                             const char *where);
#define belay_with_any(parents, count) \
    belay_with_any_at(parents, count, BELAY_HERE)

#endif
