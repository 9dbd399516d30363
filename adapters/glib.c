/* SPDX-License-Identifier: MIT */

#include <belay/glib.h>

#include <stdatomic.h>

/* --- A context as a cancellable ----------------------------------------- */

/* Belongs to the cancellable, whose last reference takes the watch back. */
struct bond {
    struct belay_watch watch;
    GWeakRef cancellable;
};

/* A reference of its own: someone else's last one may go meanwhile.  If this
   is the last, `bond` is gone with it. */
static void cancel(void *arg, int err)
{
    struct bond *bond = arg;
    (void)err;
    GCancellable *cancellable = g_weak_ref_get(&bond->cancellable);
    if (cancellable == NULL)
        return;
    g_cancellable_cancel(cancellable);
    g_object_unref(cancellable);
}

static void undo(void *arg)
{
    struct bond *bond = arg;
    belay_unwatch(&bond->watch);
    g_weak_ref_clear(&bond->cancellable);
    g_free(bond);
}

GCancellable *belay_glib_cancellable(const belay_ctx *ctx)
{
    GCancellable *cancellable = g_cancellable_new();
    struct bond *bond = g_new0(struct bond, 1);
    g_weak_ref_init(&bond->cancellable, cancellable);
    g_object_set_data_full(G_OBJECT(cancellable), "belay", bond, undo);
    if (!belay_watch(ctx, &bond->watch, cancel, bond))
        g_cancellable_cancel(cancellable);
    return cancellable;
}

/* --- A cancellable as a context ------------------------------------------ */

/*
 *     parent <- inner <- a value, which is the tie <- what the caller gets
 *
 * Held by the value and by the signal's closure, which GLib keeps while the
 * handler runs.  So a handler in which the context is given back need not be
 * waited for, as g_cancellable_disconnect() would, for ever.
 */
struct tie {
    atomic_int holders;
    belay_ctx *inner;
    GCancellable *cancellable;
    gulong handler;
    const char *where;
};

static void let_go(struct tie *tie)
{
    if (atomic_fetch_sub(&tie->holders, 1) > 1)
        return;
    belay_end_at(tie->inner, tie->where);
    g_object_unref(tie->cancellable);
    g_free(tie);
}

static void close_handler(gpointer data, GClosure *closure)
{
    (void)closure;
    let_go(data);
}

static void end(struct tie *tie)
{
    belay_cancel_cause_at(tie->inner, tie->where, BELAY_CANCELED,
                          "GCancellable was cancelled");
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
    (void)cancellable;
    end(data);
}

static void untie(void *value)
{
    struct tie *tie = value;
    g_signal_handler_disconnect(tie->cancellable, tie->handler);
    let_go(tie);
}

static const struct belay_key tie_key = {"cancellable", untie};

/* The flag is set before the signal is emitted: who is not told will see it. */
static struct tie *tie_to(GCancellable *cancellable, belay_ctx *inner,
                          const char *where)
{
    struct tie *tie = g_new0(struct tie, 1);
    atomic_init(&tie->holders, 2);
    tie->inner = inner;
    tie->cancellable = g_object_ref(cancellable);
    tie->where = where;
    tie->handler = g_signal_connect_data(cancellable, "cancelled",
                                         G_CALLBACK(on_cancelled), tie,
                                         close_handler, (GConnectFlags)0);
    if (g_cancellable_is_cancelled(cancellable))
        end(tie);
    return tie;
}

belay_ctx *belay_with_cancellable_at(const belay_ctx *parent,
                                     GCancellable *cancellable,
                                     const char *where)
{
    belay_ctx *inner = belay_with_cancel_at(parent, where);
    if (cancellable == NULL)
        return inner;
    struct tie *tie = tie_to(cancellable, inner, where);
    belay_ctx *value = belay_with_value_at(inner, &tie_key, tie, where);
    belay_ctx *ctx = belay_with_cancel_at(value, where);
    belay_end_at(value, where);
    return ctx;
}
