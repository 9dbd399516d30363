/* SPDX-License-Identifier: MIT */
#ifndef BELAY_IDLE_H
#define BELAY_IDLE_H

/*
 * A deadline that progress puts off: for what may take long, and must not stall.
 *
 *     belay_ctx *ctx = belay_with_idle(parent, 30 * BELAY_SECOND);
 *     while ((n = read_some(ctx, fd, buffer)) > 0)
 *         belay_progress(ctx, n);
 *     belay_end(ctx);
 *
 * Combine it with belay_with_timeout(), which limits the whole.
 */

#include <belay/belay.h>

/*
 * Returns a child of parent that ends when for `limit` nothing has been
 * reported to belay_progress(), counted from now on.  Never earlier.
 *
 * belay_err() is then BELAY_CANCELED, and belay_cause() has the code
 * BELAY_DEADLINE_EXCEEDED, the text "no progress" and this place.  It is not a
 * deadline to belay_deadline(): nobody knows when it will be.
 *
 * A limit that is not positive gives a child born ended; BELAY_FOREVER is
 * belay_with_cancel().  Never NULL: out of memory, also later when the limit is
 * to be set anew, it has ended, with -ENOMEM in its cause.  The caller owns it.
 *
 * In the child of a fork() a limit from before is not to be relied upon: it may
 * pass in spite of progress, or never.  All else works.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_idle_at(const belay_ctx *parent, belay_duration limit,
                              const char *where);
#define belay_with_idle(parent, limit) \
    belay_with_idle_at(parent, limit, BELAY_HERE)

/*
 * Reports that `count` bytes, rows or whatever it is have moved: of every
 * belay_with_idle() at ctx or above, the limit begins anew.  A count of 0 or
 * less is no progress, and does nothing: results of read() can be passed on as
 * they are.
 *
 * Costs a look-up and a reading of the clock; wakes nobody, takes no lock.
 * Too late once ctx has ended.
 */
BELAY_API void belay_progress(const belay_ctx *ctx, int64_t count);

#endif
