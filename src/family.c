/* SPDX-License-Identifier: MIT */

/* The families, their locks, and what becomes of them in a fork(). */

#include "internal.h"

struct family belay__families[FAMILIES];
atomic_uchar belay__forks;

bool belay__lock_slowly(atomic_uint *locked)
{
    for (unsigned round = 0;; ++round) {
        OS(relax)(round);
        unsigned free = 0;
        if (atomic_load_explicit(locked, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(
                locked, &free, 1, memory_order_acquire, memory_order_relaxed))
            return true;
    }
}

/* --- fork() ------------------------------------------------------------- */

/* Holding every lock, no thread is within the core, except in a callback. */
static void before_fork(void)
{
    CHECK_LOCK();
    lock(&belay__after_lock);
    for (unsigned i = 0; i < FAMILIES; ++i)
        lock(&belay__families[i].locked);
    lock(&belay__bells_locked);
}

static void unlock_all(void)
{
    unlock(&belay__bells_locked);
    for (unsigned i = FAMILIES; i-- > 0;)
        unlock(&belay__families[i].locked);
    unlock(&belay__after_lock);
    CHECK_UNLOCK();
}

void belay__arrive(struct cancel_ctx *ctx)
{
    ctx->process = process_now();
    int event = OS(event)();
    if (event >= 0 && OS(replace)(event, ctx->fd) == 0)
        return;
    /*
     * Closing it makes room: this cannot fail for lack of descriptors.  Not
     * before, as another thread might get the number.
     */
    OS(close)(ctx->fd);
    ctx->fd = event < 0 ? OS(event)() : -1;
    if (ctx->fd < 0)
        ctx->fd = -1;
}

/* The first child of ctx in the shards from `shard` on. */
static struct cancel_ctx *first_in_crowd(const struct cancel_ctx *ctx,
                                         unsigned shard)
{
    struct cancel_ctx *child = NULL;
    if (is_crowded(ctx))
        while (child == NULL && shard < CROWDS)
            child = ctx->crowd->shards[shard++].children;
    return child;
}

/* The next context of a tree, children first, leaving it as it is. */
static struct cancel_ctx *next_in_tree(const struct cancel_ctx *ctx,
                                       const struct cancel_ctx *root)
{
    struct cancel_ctx *next =
        ctx->children != NULL ? ctx->children : first_in_crowd(ctx, 0);
    while (next == NULL && ctx != root) {
        const struct cancel_ctx *parent = ender(ctx->base.parent);
        unsigned shard =
            ctx->family == parent->family ? 0 : ctx->family - TREES + 1U;
        next = ctx->next != NULL ? ctx->next : first_in_crowd(parent, shard);
        ctx = parent;
    }
    return next;
}

/*
 * The watches of threads that are not here: they may lie on stacks that will be
 * used again, and would kick what the parent works with.
 */
static void forget_watchers(void)
{
    for (unsigned i = 0; i < FAMILIES; ++i) {
        struct family *family = &belay__families[i];
        belay__forget_watchers(&family->due);
        for (struct cancel_ctx *root = family->roots; root; root = root->next)
            for (struct cancel_ctx *ctx = root; ctx != NULL;
                 ctx = next_in_tree(ctx, root))
                belay__forget_watchers(&ctx->watches);
    }
}

static void in_child(void)
{
    atomic_fetch_add_explicit(&belay__forks, 1, memory_order_relaxed);
    belay__forget_tellers();
    belay__forget_crowds();
    forget_watchers();
    belay__close_bells();
    belay__after_forked();
    unlock_all();
    belay__clock_forked();
}

/*
 * Registered with the first tree, or the timer that the program drives, there
 * being no constructor.  If there is no memory for it, the next tree tries
 * again.
 */
void belay__watch_forks(void)
{
    static atomic_int registered;
    int no = 0;
    if (!atomic_compare_exchange_strong(&registered, &no, 1))
        return;
    if (pthread_atfork(before_fork, unlock_all, in_child) != 0)
        atomic_store(&registered, 0);
}

/* --- Choosing a family -------------------------------------------------- */

/*
 * A tree is of the processor that makes it, whose lock is in that processor's
 * cache; in turn one of four, so that trees made in one place and used in many
 * do not all share one lock.
 */
unsigned belay__tree_family(void)
{
    enum { PER_CPU = 4 };
    static THREAD_LOCAL unsigned turn;
    if (turn++ % PER_CPU == 0)
        belay__watch_forks();
    return (OS(cpu)() * PER_CPU + turn % PER_CPU) % TREES;
}

__attribute__((destructor)) static void close_library(void)
{
    belay__clock_close();
    belay__after_close();
    lock(&belay__bells_locked); /* exit() leaves other threads running */
    belay__close_bells();
    unlock(&belay__bells_locked);
}
