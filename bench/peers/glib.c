/* SPDX-License-Identifier: MIT */

/* GLib: a GCancellable, and a timeout source of a main loop for a deadline. */

#define PEER "glib"
#include "../bench.h"

#include <gio/gio.h>

typedef struct node {
    GCancellable *cancellable;
    GCancellable *parent;
    gulong link;
    GSource *timeout; /* NULL: no deadline */
} node;
#define PLACE_SIZE 0
#define HOOK_SIZE sizeof(struct hook)

static GMainContext *loop;

static inline node *make_root(void)
{
    node *root = g_new0(node, 1);
    root->cancellable = g_cancellable_new();
    return root;
}

static void cancel_child(GCancellable *parent, gpointer child)
{
    (void)parent;
    g_cancellable_cancel(((node *)child)->cancellable);
}

static inline node *make_child(void *place, node *parent)
{
    (void)place;
    node *child = make_root();
    child->parent = parent->cancellable;
    child->link = g_cancellable_connect(parent->cancellable,
                                        G_CALLBACK(cancel_child), child, NULL);
    return child;
}

static gboolean time_out(gpointer self)
{
    g_cancellable_cancel(((node *)self)->cancellable);
    return G_SOURCE_REMOVE;
}

static inline node *make_timeout_child(void *place, node *parent, int64_t after)
{
    if (loop == NULL)
        loop = g_main_context_new();
    node *child = make_child(place, parent);
    child->timeout = g_timeout_source_new((guint)(after / 1000000));
    g_source_set_callback(child->timeout, time_out, child, NULL);
    g_source_attach(child->timeout, loop);
    return child;
}

static inline void cancel(node *self)
{
    g_cancellable_cancel(self->cancellable);
}

static inline void give_back(node *self)
{
    if (self->link != 0)
        g_cancellable_disconnect(self->parent, self->link);
    if (self->timeout != NULL) {
        g_source_destroy(self->timeout);
        g_source_unref(self->timeout);
    }
    g_object_unref(self->cancellable);
    g_free(self);
}

static inline void finish(node *self)
{
    cancel(self);
    give_back(self);
}

static inline bool has_ended(const node *self)
{
    return g_cancellable_is_cancelled(self->cancellable) != 0;
}

static size_t told;

struct hook {
    GCancellable *at;
    gulong link;
};

static void tell(GCancellable *at, gpointer arg)
{
    (void)at;
    (void)arg;
    ++told;
}

static inline void hook_on(void *place, node *at)
{
    struct hook *hook = place;
    hook->at = g_object_ref(at->cancellable);
    hook->link = g_cancellable_connect(hook->at, G_CALLBACK(tell), NULL, NULL);
}

static inline void hook_off(void *place)
{
    struct hook *hook = place;
    g_cancellable_disconnect(hook->at, hook->link);
    g_object_unref(hook->at);
}

#include "../questions/callback.h"
#include "../questions/chain.h"
#include "../questions/check.h"
#include "../questions/child.h"
#include "../questions/contended.h"
#include "../questions/fan.h"
#include "../questions/late.h"
#include "../questions/memory.h"
#include "../questions/timeout.h"
#include "../questions/wake.h"

static node *timeout_child(void *place, node *parent)
{
    return make_timeout_child(place, parent, HOUR);
}

static void ask_timeout_memory(size_t n)
{
    weigh("s8.mem_timeout", timeout_child, n);
}

/* --- Waking: a thread in poll() on the cancellable's descriptor ---------- */

static GCancellable *cancellable;
static GPollFD poll_fd;

static void set(void)
{
    cancellable = g_cancellable_new();
    g_cancellable_make_pollfd(cancellable, &poll_fd);
}

static void sleep_in_poll(void)
{
    g_poll(&poll_fd, 1, -1);
}

static void wake(void)
{
    g_cancellable_cancel(cancellable);
}

static void clear(void)
{
    g_cancellable_release_fd(cancellable);
    g_object_unref(cancellable);
}

static void ask_wake(size_t tries)
{
    static const struct sleeper sleeper = {"s9.wake", set, sleep_in_poll, wake,
                                           clear};
    ask_sleeper(&sleeper, tries);
}

/* --- Lateness: a thread that turns the loop ------------------------------ */

static void note(GCancellable *at, gpointer number)
{
    (void)at;
    note_late(GPOINTER_TO_SIZE(number));
}

static void *turn(void *arg)
{
    (void)arg;
    while (!all_told())
        g_main_context_iteration(loop, TRUE);
    return NULL;
}

static void ask_late(size_t n)
{
    (void)n;
    node *root = make_root();
    plan_late();
    for (size_t i = 0; i < LATE_COUNT; ++i) {
        node *child = make_timeout_child(NULL, root, 0);
        g_source_set_ready_time(child->timeout, late_due[i] / 1000);
        g_cancellable_connect(child->cancellable, G_CALLBACK(note),
                              GSIZE_TO_POINTER(i), NULL);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, turn, NULL);
    report_late("s10.late_10k");
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s1", ask_child, 200000},
        {"s2", ask_timeout_child, 200000},
        {"s3", ask_check, 20000000},
        {"s4.fan.1000", ask_fan, 1000},
        {"s4.fan.100000", ask_fan, 100000},
        {"s4.fan.1000000", ask_fan, 1000000},
        {"s5.chain.1000", ask_chain, 1000},
        {"s5.chain.100000", ask_chain, 100000},
        {"s6", ask_callback, 200000},
        {"s8", ask_memory, 500000},
        {"s8.timeout", ask_timeout_memory, 500000},
        {"s9.wake", ask_wake, 2000},
        {"s9.inline", ask_inline, 100},
        {"s10", ask_arm, 1000000},
        {"s10.late", ask_late, 0},
        {"s11", ask_contended, 200000},
    };
    char version[64];
    snprintf(version, sizeof version, "GCancellable, GLib %u.%u.%u",
             glib_major_version, glib_minor_version, glib_micro_version);
    return ANSWER(argc, argv, version, questions);
}
