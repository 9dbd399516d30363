/* SPDX-License-Identifier: MIT */

/*
 * After-functions: a watch that hands fn to a pool of threads.
 *
 * The first registration starts a thread, so that there is always one for fn.
 * A thread that takes work makes sure that another is idle, if one can be had:
 * so each fn has one to itself.  A thread that finds enough others idle leaves,
 * and joins the one that left before it; so at most one is left to be joined
 * when the library is unloaded.
 */

#include "internal.h"

struct belay_after {
    struct belay_watch watch;
    struct belay_after *next, **link; /* in the queue, or among the running */
    const belay_ctx *ctx;             /* held until fn has returned */
    void (*fn)(void *arg);
    void *arg;
    atomic_int is_done;
    atomic_int parties; /* whoever gives it back, and whoever runs it */
};

/* Guards the pool.  Taken with no other lock held. */
atomic_uint belay__after_lock;

static struct {
    struct belay_after *queue, **queue_end;
    struct belay_after *running;
    atomic_uint threads; /* running, or starting */
    unsigned starting;
    unsigned idle;
    bool is_closed;
    bool has_left; /* `left` is to be joined */
    pthread_t left;
    atomic_int news; /* counts up: there is work, or the pool is closed */
} pool = {.queue_end = &pool.queue};

static THREAD_LOCAL struct belay_after *running_here;

static void release_party(struct belay_after *after)
{
    /* Releases this party's use of it to the last, which acquires it. */
    if (atomic_fetch_sub_explicit(&after->parties, 1, memory_order_acq_rel) ==
        1)
        OS(release)(after);
}

/* --- The threads -------------------------------------------------------- */

static void run_thread(void);
static const struct os_role runner_role = {"belay-after", run_thread};

/* Has idle threads, and whoever closes the pool, look again. */
static void announce(void)
{
    atomic_fetch_add(&pool.news, 1);
    OS(wake)(&pool.news);
}

/* Starts one more, unless enough are idle or on their way: 0 or -errno. */
static int start_thread(unsigned enough)
{
    lock(&belay__after_lock);
    bool is_needed = !pool.is_closed && pool.idle + pool.starting < enough;
    pool.starting += is_needed;
    pool.threads += is_needed;
    unlock(&belay__after_lock);
    if (!is_needed)
        return 0;

    pthread_t thread;
    int err = OS(thread)(&thread, &runner_role);
    if (err != 0) {
        lock(&belay__after_lock);
        --pool.starting;
        --pool.threads;
        unlock(&belay__after_lock);
        announce();
    }
    return err;
}

/* Under the lock. */
static struct belay_after *take_work(void)
{
    struct belay_after *after = pool.queue;
    if (after == NULL || pool.is_closed)
        return NULL;
    pool.queue = after->next;
    if (pool.queue == NULL)
        pool.queue_end = &pool.queue;
    LIST_PUSH(&pool.running, after);
    return after;
}

/* Under the lock, which it releases; the lock is taken again behind it. */
static void work(struct belay_after *after)
{
    unlock(&belay__after_lock);
    start_thread(1); /* if it cannot be had, this one serves the next, too */

    running_here = after;
    after->fn(after->arg);
    running_here = NULL;
    belay__drop(after->ctx);

    lock(&belay__after_lock);
    LIST_REMOVE(after);
    unlock(&belay__after_lock);
    /* Releases what fn did to belay_after_join(), which acquires. */
    atomic_store_explicit(&after->is_done, 1, memory_order_release);
    OS(wake)(&after->is_done);
    release_party(after);
    lock(&belay__after_lock);
}

/* Under the lock, which it releases: the last that a thread does. */
static void leave_pool(void)
{
    pthread_t before = pool.left;
    bool join = pool.has_left;
    pool.left = pthread_self();
    pool.has_left = true;
    --pool.threads;
    unlock(&belay__after_lock);
    announce();
    if (join)
        OS(join)(before);
}

static void run_thread(void)
{
    lock(&belay__after_lock);
    --pool.starting;
    for (;;) {
        struct belay_after *after = take_work();
        if (after != NULL) {
            work(after);
            continue;
        }
        if (pool.is_closed || pool.idle > 0)
            break;
        ++pool.idle;
        int news = atomic_load(&pool.news);
        unlock(&belay__after_lock);
        OS(wait)(&pool.news, news, BELAY_FOREVER);
        lock(&belay__after_lock);
        --pool.idle;
    }
    leave_pool();
}

/* --- Firing ------------------------------------------------------------- */

/* Nobody is here to run them: they are done without having run. */
static void abandon(struct belay_after *list)
{
    for (; list != NULL; list = list->next)
        atomic_store(&list->is_done, 1);
}

static void empty_queue(void)
{
    abandon(pool.queue);
    pool.queue = NULL;
    pool.queue_end = &pool.queue;
}

static void enqueue(struct belay_after *after)
{
    lock(&belay__after_lock);
    after->next = NULL;
    *pool.queue_end = after;
    pool.queue_end = &after->next;
    unlock(&belay__after_lock);
    announce();
    if (pool.threads > 0 || start_thread(1) == 0)
        return;
    /* A registration from before a fork(), and no thread in the child. */
    lock(&belay__after_lock);
    if (pool.threads == 0)
        empty_queue();
    unlock(&belay__after_lock);
}

static void fire(void *arg, int err)
{
    struct belay_after *after = arg;
    (void)err;
    /* fn may be over, and the memory gone, before the teller is back. */
    belay_unwatch(&after->watch);
    enqueue(after);
}

struct belay_after *belay_after_func(const belay_ctx *ctx,
                                     void (*fn)(void *arg), void *arg)
{
    ctx = or_background(ctx);
    CHECK_USED(ctx);
    if (ender(ctx) != NULL && pool.threads == 0 && start_thread(1) != 0)
        return NULL;

    struct belay_after *after = OS(allocate)(sizeof *after);
    if (after == NULL)
        return NULL;
    belay__hold(ctx);
    after->ctx = ctx;
    after->fn = fn;
    after->arg = arg;
    atomic_init(&after->is_done, 0);
    atomic_init(&after->parties, 2);
    if (!belay_watch(ctx, &after->watch, fire, after))
        enqueue(after);
    return after;
}

/* --- Giving back -------------------------------------------------------- */

/* True: fn never runs, and after is gone. */
static bool prevent(struct belay_after *after)
{
    if (belay_try_unwatch(&after->watch) != 1)
        return false;
    belay__drop(after->ctx);
    OS(release)(after);
    return true;
}

bool belay_after_stop(struct belay_after *after)
{
    if (after == NULL)
        return false;
    bool prevented = prevent(after);
    if (!prevented)
        release_party(after);
    return prevented;
}

bool belay_after_join(struct belay_after *after)
{
    if (after == NULL)
        return false;
    if (prevent(after))
        return true;
    if (running_here != after)
        while (atomic_load_explicit(&after->is_done, memory_order_acquire) == 0)
            OS(wait)(&after->is_done, 0, BELAY_FOREVER);
    release_party(after);
    return false;
}

/* --- fork() and the end ------------------------------------------------- */

/*
 * In the child: those that were running, or about to, are done as far as this
 * process is concerned; what runs on the thread that forked, goes on.
 */
void belay__after_forked(void)
{
    struct belay_after *here = running_here;
    if (here != NULL)
        LIST_REMOVE(here);
    abandon(pool.running);
    pool.running = NULL;
    empty_queue();
    pool.threads = 0;
    pool.idle = 0;
    pool.starting = 0;
    pool.has_left = false;
    if (here != NULL) {
        LIST_PUSH(&pool.running, here);
        pool.threads = 1;
    }
}

/* At exit() or dlclose(): as the clock, does not wait for a callback. */
void belay__after_close(void)
{
    lock(&belay__after_lock);
    pool.is_closed = true;
    bool is_busy = pool.running != NULL;
    unlock(&belay__after_lock);
    for (;;) {
        int news = atomic_fetch_add(&pool.news, 1) + 1;
        OS(wake)(&pool.news);
        lock(&belay__after_lock);
        bool is_over = pool.threads == 0;
        unlock(&belay__after_lock);
        if (is_over || is_busy)
            break;
        OS(wait)(&pool.news, news, BELAY_FOREVER);
    }
    if (!is_busy && pool.has_left)
        OS(join)(pool.left);
}
