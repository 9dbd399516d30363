/* SPDX-License-Identifier: MIT */
#ifndef BELAY_COMMIT_H
#define BELAY_COMMIT_H

/*
 * The point of no return: of committing and canceling, one wins.
 *
 *     belay_ctx *op = belay_with_cancel(ctx);
 *     int err = prepare(op, transfer);
 *     if (err == 0 && !belay_commit(op))
 *         err = belay_err(op);
 *     if (err == 0)
 *         apply(transfer);
 *     else
 *         undo(transfer);
 *     belay_end(op);
 *
 * Committing ends the context of the operation, which happens once, so who
 * comes later has lost: belay_cancel(op) returns false, and if belay_cause(op)
 * says BELAY_COMMITTED, it was too late.  The end of a parent is too late, too:
 * it finds the operation ended, and changes nothing of it.
 *
 * What goes on after that must not ask op any more: apply() takes no context,
 * or one of belay_without_cancel(op), which has its values.  What still works
 * with op, or a child of it, stops.
 */

#include <belay/belay.h>

/* The code of the cause of a context that has been committed. */
#define BELAY_COMMITTED (-EALREADY)

/*
 * Commits op: true for the first, if it is still live.  False: it has been
 * canceled, its deadline or parent has ended it, or it has been committed.
 *
 * As belay_cancel(), of which it is a kind: op is a context of your own that
 * can end; cannot fail; its watches have run.
 */
BELAY_API bool belay_commit_at(belay_ctx *op, const char *where);
#define belay_commit(op) belay_commit_at(op, BELAY_HERE)

#endif
