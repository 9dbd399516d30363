/* SPDX-License-Identifier: MIT */
#ifndef BELAY_DRAIN_H
#define BELAY_DRAIN_H

/*
 * An end in two stages: take no new work, and after a grace stop all of it.
 *
 *     belay_ctx *server = belay_with_drain(NULL);
 *     ...
 *     belay_drain(server, 10 * BELAY_SECOND);
 *
 * The context ends with the grace: the hard end, which all that blocks obeys as
 * it obeys any end.  Whoever takes new work waits under a context that ends
 * with the soft end, too, and no function in between has to know:
 *
 *     belay_ctx *accepting = belay_with_soft_end(ctx);
 *     while ((fd = accept_next(accepting, listener)) >= 0)
 *         serve(ctx, fd);
 *
 * Scopes nest.  To drain one drains all below, each of which ends with the
 * earliest grace of its own and those above; to drain one below does nothing
 * above.
 */

#include <belay/belay.h>

/*
 * Returns a child of parent that can be drained.  Otherwise it is one of
 * belay_with_cancel(): owned, never NULL; out of memory, it has ended, with
 * -ENOMEM in its cause.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_drain_at(const belay_ctx *parent, const char *where);
#define belay_with_drain(parent) belay_with_drain_at(parent, BELAY_HERE)

/*
 * Begins to drain ctx, and ends it after `grace`; at once if that is not
 * positive, never for BELAY_FOREVER.
 *
 * True: this call began it, and the watches of the soft end have run.  False:
 * it had begun; an earlier hard end than before counts.  False and nothing
 * else: ctx has ended, or is not what belay_with_drain() returned.
 *
 * Where memory or a thread for the grace cannot be had, there is none.  In the
 * child of a fork() the grace that another thread had allowed is not over.
 */
BELAY_API bool belay_drain_at(belay_ctx *ctx, belay_duration grace,
                              const char *where);
#define belay_drain(ctx, grace) belay_drain_at(ctx, grace, BELAY_HERE)

/* Whether no new work is to be taken: ctx has ended, or is being drained. */
BELAY_API bool belay_is_draining(const belay_ctx *ctx);

/*
 * Returns a child of parent that also ends when parent is being drained, with
 * the text "draining" and the place of the belay_drain().  Owned, never NULL.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_soft_end_at(const belay_ctx *parent, const char *where);
#define belay_with_soft_end(parent) belay_with_soft_end_at(parent, BELAY_HERE)

/*
 * Returns a context for what must be done although ctx has ended: to flush, to
 * roll back, to say goodbye.  It has the values of ctx and none of its ends,
 * but ends after `budget`, and when the grace of the scope it is in is over.
 * Owned, never NULL.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_cleanup_at(const belay_ctx *ctx, belay_duration budget,
                                 const char *where);
#define belay_with_cleanup(ctx, budget) \
    belay_with_cleanup_at(ctx, budget, BELAY_HERE)

#endif
