/* SPDX-License-Identifier: MIT */

/*
 * After-functions: a watch that hands fn to a pool of threads.
 *
 * The first registration starts a thread, so that there is always one for fn.
 * A thread that takes work makes sure that another is idle, if one can be had:
 * so each fn has one to itself.  A thread that finds enough others idle leaves,
 * to be joined by one of them: at most one is left when the library is
 * unloaded.
 */

#include "internal.h"

struct belay_after {
    struct belay_watch watch;
    struct belay_after *next, **link; /* in the queue, or among the running */
    const belay_ctx *ctx;             /* held until fn has returned */
    void (*fn)(void *arg);
    void *arg;
    atomic_int state;
};

/* Of whoever runs it and whoever gives it back, the second to come frees it. */
enum { REGISTERED, DONE, GIVEN_BACK };

/* Guards the pool.  Taken with no other lock held, before a family's. */
atomic_uint belay__after_lock;

static struct {
    struct belay_after *queue, **queue_end;
    struct belay_after *running;
    atomic_uint threads; /* that there are */
    unsigned starting;   /* that may come to be, or have not got to work yet */
    unsigned idle;
    bool is_closed;
    bool is_left_alone; /* at exit, one being busy: nobody will join them */
    bool has_left;      /* `left` is to be joined */
    pthread_t left;
    atomic_int news; /* counts up: there is work, or the pool is closed */
} pool = {.queue_end = &pool.queue};

static THREAD_LOCAL struct belay_after *running_here;

/* Both acquire what the other did with it. */
static int exchange_state(struct belay_after *after, int state)
{
    return atomic_exchange_explicit(&after->state, state, memory_order_acq_rel);
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

/* Starts one more: 0 or -errno.  Under the lock, which it releases. */
static int start_thread(void)
{
    bool is_closed = pool.is_closed;
    pool.starting += !is_closed;
    unlock(&belay__after_lock);
    if (is_closed)
        return -ECANCELED;
    pthread_t thread;
    int err = OS(thread)(&thread, &runner_role);
    lock(&belay__after_lock);
    if (err != 0)
        --pool.starting;
    else
        ++pool.threads;
    unlock(&belay__after_lock);
    announce();
    return err;
}

/* There is a thread from here on, or -errno. */
static int need_thread(void)
{
    if (pool.threads > 0)
        return 0;
    lock(&belay__after_lock);
    return start_thread();
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
    if (pool.idle + pool.starting == 0)
        start_thread(); /* if it cannot be had, this one serves the next, too */
    else
        unlock(&belay__after_lock);

    running_here = after;
    after->fn(after->arg);
    belay__drop(after->ctx); /* destroys values: still inside */
    running_here = NULL;

    /* Under one lock: a child of fork() finds it running, or done. */
    lock(&belay__after_lock);
    LIST_REMOVE(after);
    bool is_given_back = exchange_state(after, DONE) == GIVEN_BACK;
    unlock(&belay__after_lock);
    DELAY_POINT("over");
    if (is_given_back)
        OS(release)(after);
    else
        OS(wake)(&after->state); /* who waits in belay_after_join() frees it */
    lock(&belay__after_lock);
}

/* Under the lock: joins the thread that left, and says whether there was one.
 */
static bool join_left(void)
{
    if (!pool.has_left)
        return false;
    pool.has_left = false;
    pthread_t left = pool.left;
    unlock(&belay__after_lock);
    OS(join)(left);
    lock(&belay__after_lock);
    return true;
}

/* Under the lock. */
static void be_idle(void)
{
    ++pool.idle;
    int news = atomic_load(&pool.news);
    unlock(&belay__after_lock);
    OS(wait)(&pool.news, news, BELAY_FOREVER);
    lock(&belay__after_lock);
    --pool.idle;
}

static void run_thread(void)
{
    enum { ENOUGH_IDLE = 32 };
    lock(&belay__after_lock);
    --pool.starting;
    for (;;) {
        struct belay_after *after = take_work();
        if (after != NULL)
            work(after);
        else if (join_left())
            continue;
        else if (pool.is_closed || pool.idle >= ENOUGH_IDLE)
            break;
        else
            be_idle();
    }
    pool.left = pthread_self();
    pool.has_left = !pool.is_left_alone;
    if (pool.is_left_alone)
        belay__os_detach(pool.left);
    --pool.threads;
    unlock(&belay__after_lock);
    announce();
}

/* --- Firing ------------------------------------------------------------- */

/* Under the lock: takes all out of the queue. */
static struct belay_after *empty_queue(void)
{
    struct belay_after *all = pool.queue;
    pool.queue = NULL;
    pool.queue_end = &pool.queue;
    return all;
}

/* Nobody is here to run them: they are done without having run. */
static void abandon(struct belay_after *list)
{
    struct belay_after *next;
    for (; list != NULL; list = next) {
        next = list->next;
        const belay_ctx *ctx = list->ctx;
        if (exchange_state(list, DONE) == GIVEN_BACK)
            OS(release)(list);
        else
            OS(wake)(&list->state); /* whoever joins it frees it */
        belay__drop(ctx);
    }
}

/* Under the lock, which it releases. */
static void enqueue(struct belay_after *after)
{
    after->next = NULL;
    *pool.queue_end = after;
    pool.queue_end = &after->next;
    unlock(&belay__after_lock);
    announce();
    if (need_thread() == 0)
        return;
    /* At exit; or it is from before a fork(), and the child has no thread. */
    lock(&belay__after_lock);
    struct belay_after *abandoned = NULL;
    if (pool.threads + pool.starting == 0)
        abandoned = empty_queue();
    unlock(&belay__after_lock);
    abandon(abandoned);
}

/*
 * Under one lock, it is told and in the queue: what a child of fork() finds
 * about to be told has not got that far, and never will.
 */
void belay__after_fire(void *arg, int err)
{
    struct belay_after *after = arg;
    (void)err;
    DELAY_POINT("fire");
    lock(&belay__after_lock);
    /* fn may be over, and the memory gone, before the teller is back. */
    belay_unwatch(&after->watch);
    enqueue(after);
}

struct belay_after *belay_after_func(const belay_ctx *ctx,
                                     void (*fn)(void *arg), void *arg)
{
    ctx = or_background(ctx);
    CHECK_USED(ctx);
    if (ender(ctx) != NULL && need_thread() != 0)
        return NULL;

    struct belay_after *after = OS(allocate)(sizeof *after);
    if (after == NULL)
        return NULL;
    belay__hold(ctx);
    after->ctx = ctx;
    after->fn = fn;
    after->arg = arg;
    atomic_init(&after->state, REGISTERED);
    if (!belay_watch(ctx, &after->watch, belay__after_fire, after)) {
        lock(&belay__after_lock);
        enqueue(after);
    }
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
    if (prevent(after))
        return true;
    if (exchange_state(after, GIVEN_BACK) == DONE)
        OS(release)(after);
    return false;
}

bool belay_after_join(struct belay_after *after)
{
    if (after == NULL || running_here == after)
        return belay_after_stop(after);
    if (prevent(after))
        return true;
    while (atomic_load_explicit(&after->state, memory_order_acquire) != DONE)
        OS(wait)(&after->state, REGISTERED, BELAY_FOREVER);
    OS(release)(after);
    return false;
}

/* --- fork() and the end ------------------------------------------------- */

/* Under all locks, so that what they hold is left behind. */
static void disown(struct belay_after *list)
{
    for (; list != NULL; list = list->next)
        atomic_store(&list->state, DONE);
}

/*
 * In the child: those that were running, or about to, are done as far as this
 * process is concerned; what runs on the thread that forked, goes on.
 */
void belay__after_forked(void)
{
    struct belay_after *here = running_here;
    if (here != NULL)
        LIST_REMOVE(here);
    disown(pool.running);
    pool.running = NULL;
    disown(empty_queue());
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
    pool.is_left_alone = is_busy;
    unlock(&belay__after_lock);
    for (;;) {
        int news = atomic_fetch_add(&pool.news, 1) + 1;
        OS(wake)(&pool.news);
        lock(&belay__after_lock);
        bool is_over = pool.threads + pool.starting == 0;
        if (is_over && !is_busy)
            join_left();
        unlock(&belay__after_lock);
        if (is_over || is_busy)
            break;
        OS(wait)(&pool.news, news, BELAY_FOREVER);
    }
}
