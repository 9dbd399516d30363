/* SPDX-License-Identifier: MIT */
#ifndef BELAY_GLIB_H
#define BELAY_GLIB_H

/*
 * A context as a GCancellable, for all of GIO, and a GCancellable as a context.
 *
 *     g_autoptr(GCancellable) cancellable = belay_glib_cancellable(ctx);
 *     g_input_stream_read(stream, buffer, size, cancellable, &error);
 *
 * For a callback on the thread of a main loop there is a source of GLib's own,
 * g_cancellable_source_new(); g_unix_fd_add(belay_clock_fd(), G_IO_IN, ...)
 * lets the loop drive the deadlines.
 *
 * "cancelled" is emitted on the thread that ended the context: a handler does
 * not block, and does not g_cancellable_disconnect() itself, which waits for
 * the handler to return.  Out of memory, GLib ends the program.
 */

#include <belay/belay.h>

#include <gio/gio.h>

/*
 * Returns a new cancellable that is cancelled when ctx ends: at once if it has,
 * never if it cannot.  Cancelling it ends no context.
 *
 * It does not keep ctx, and may outlive it.  The caller owns it, and gives it
 * back with g_object_unref(), from any thread and from inside a handler; with
 * the last reference nothing of it is left at ctx.
 */
BELAY_API BELAY_OWNED(g_object_unref)
GCancellable *belay_glib_cancellable(const belay_ctx *ctx);

/*
 * Returns a child of parent that is canceled when cancellable is: born ended if
 * it has been.  That is for good, g_cancellable_reset() or not.
 *
 * The child's watches are told on the thread that cancels, and may end the
 * child.  It keeps cancellable; NULL is one that nobody cancels.  Never NULL,
 * as belay_with_cancel(), and given back with belay_end().
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_cancellable_at(const belay_ctx *parent,
                                     GCancellable *cancellable,
                                     const char *where);
#define belay_with_cancellable(parent, cancellable) \
    belay_with_cancellable_at(parent, cancellable, BELAY_HERE)

#endif
