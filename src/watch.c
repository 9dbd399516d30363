/* SPDX-License-Identifier: MIT */

/*
 * Watches: registering, telling, taking back.
 *
 * A watch is in one list at a time: its context's, or, once that is marked,
 * the one of those yet to be told.  It names its family, so that it can be
 * taken back, under that lock, when the context is gone.
 *
 * While fn runs, the watch is in no list and TELLING.  The teller touches it
 * afterwards, unless fn has had it forgotten; and whoever waits for fn is let
 * go by the teller's last store to it.
 */

#include "internal.h"

static THREAD_LOCAL struct telling *telling_here;

static unsigned this_thread(void)
{
    static atomic_uint threads;
    static THREAD_LOCAL unsigned number;
    if (number == 0)
        number =
            atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    return number;
}

/* --- Registering -------------------------------------------------------- */

static void forget(struct belay_watch *watch)
{
    for (struct telling *t = telling_here; t != NULL; t = t->outer)
        if (t->current == watch)
            t->current = NULL;
}

static atomic_int *family_word(const struct belay_watch *watch)
{
    return (atomic_int *)&watch->family;
}

static void set_family(struct belay_watch *watch, unsigned family)
{
    /* Releases that it is idle to whoever takes the lock that this says. */
    atomic_store_explicit(family_word(watch), (int)family,
                          memory_order_release);
}

static struct family *family_of_watch(const struct belay_watch *watch)
{
    int family = atomic_load_explicit(family_word(watch), memory_order_acquire);
    return &belay__families[family % FAMILIES];
}

/*
 * The watch may be one that this thread is telling right now, used again from
 * inside its own fn: then the teller must leave it alone, and whoever waits for
 * fn is let go.  Another lock may guard it from here on: whoever came to take
 * it back finds that out under the old one, or finds it idle under the new.
 */
static void finish_here(struct belay_watch *watch,
                        const struct cancel_ctx *watched)
{
    for (struct telling *t = telling_here; t != NULL; t = t->outer) {
        if (t->current != watch)
            continue;
        lock(&t->family->locked);
        t->current = NULL;
        int state = atomic_exchange_explicit(watch_state(watch), IDLE,
                                             memory_order_release);
        DELAY_POINT("idle");
        if (watched != NULL)
            set_family(watch, watched->family);
        unlock(&t->family->locked);
        if (state == AWAITED)
            OS(wake)(watch_state(watch));
    }
}

bool belay__watch(const belay_ctx *ctx, struct belay_watch *watch,
                  void (*fn)(void *arg, int err), void *arg)
{
    CHECK_USED(ctx);
    struct cancel_ctx *watched = ender(ctx);
    if (telling_here != NULL)
        finish_here(watch, watched);
    watch->fn = fn;
    watch->arg = arg;
    if (watched == NULL) {
        atomic_store_explicit(watch_state(watch), ALONE, memory_order_relaxed);
        return true;
    }

    DELAY_POINT("again");
    struct family *family = family_of(watched);
    set_family(watch, watched->family);
    watch->thread = this_thread();
    lock(&family->locked);
    bool is_live = state_of(&watched->base) == LIVE;
    if (is_live) {
        LIST_PUSH(&watched->watches, watch);
        CHECK_WATCHED(watch, watched);
    }
    /* Releases what was written above to whoever takes it back. */
    atomic_store_explicit(watch_state(watch), is_live ? WATCHING : IDLE,
                          memory_order_release);
    unlock(&family->locked);
    return is_live;
}

bool belay_watch(const belay_ctx *ctx, struct belay_watch *watch,
                 void (*fn)(void *arg, int err), void *arg)
{
    return belay__watch(ctx, watch, fn, arg);
}

/* --- Telling ------------------------------------------------------------ */

static void wake(struct wake sleeper)
{
    if (sleeper.bell >= 0)
        OS(signal)(sleeper.bell);
    else
        OS(wake)(sleeper.word);
}

static void wake_later(struct wakes *wakes, struct wake sleeper)
{
    if (wakes->count < FEW_WAKES)
        wakes->of[wakes->count++] = sleeper;
    else
        wake(sleeper);
}

void belay__wake(struct wakes *wakes)
{
    while (wakes->count > 0)
        wake(wakes->of[--wakes->count]);
}

/*
 * Moves the watches of a context that is being marked to those to be told.
 * One without fn is somebody's wait, which is woken before any of them, by its
 * state or by the bell that arg points at.  They are listed newest first, and
 * come out oldest first.
 */
void belay__gather(struct belay_watch **watches, struct belay_watch **pending,
                   int err, struct wakes *wakes)
{
    struct belay_watch *watch;
    while ((watch = *watches) != NULL) {
        CHECK_WATCH(watch, watches);
        HELD(family_of_watch(watch));
        LIST_REMOVE(watch);
        if (watch->fn != NULL) {
            LIST_PUSH(pending, watch);
            continue;
        }
        const int *bell = watch->arg;
        struct wake sleeper = {watch_state(watch), bell != NULL ? *bell : -1};
        /* Releases the waiter, and what the canceler wrote, to it. */
        atomic_store_explicit(sleeper.word, err, memory_order_release);
        wake_later(wakes, sleeper);
    }
}

/* Under the lock, after fn. */
static void finish(struct family *family, struct telling *telling)
{
    struct belay_watch *watch = telling->current;
    if (watch == NULL)
        return;
    telling->current = NULL;
    atomic_int *state = watch_state(watch);
    bool is_awaited =
        atomic_load_explicit(state, memory_order_relaxed) == AWAITED;
    /* Releases what fn did to belay_unwatch(), which acquires. */
    atomic_store_explicit(state, IDLE, memory_order_release);
    if (is_awaited) {
        unlock(&family->locked);
        OS(wake)(state);
        lock(&family->locked);
    }
}

static void tell_next(struct family *family, struct telling *telling, int err)
{
    struct belay_watch *watch = *telling->pending;
    CHECK_WATCH(watch, NULL);
    HELD(family_of_watch(watch));
    LIST_REMOVE(watch);
    atomic_store_explicit(watch_state(watch), TELLING, memory_order_relaxed);
    telling->current = watch;
    void (*fn)(void *, int) = watch->fn;
    void *arg = watch->arg;
    unlock(&family->locked);

    fn(arg, err);

    DELAY_POINT("told");
    lock(&family->locked);
    finish(family, telling);
}

void belay__tell(struct family *family, struct belay_watch **pending, int err,
                 struct wakes *wakes)
{
    if (*pending == NULL) {
        unlock(&family->locked);
        belay__wake(wakes);
        return;
    }
    struct telling telling = {
        .family = family, .outer = telling_here, .pending = pending};
    telling_here = &telling;
    LIST_PUSH(&family->tellings, &telling);
    if (wakes->count > 0) {
        unlock(&family->locked);
        belay__wake(wakes);
        lock(&family->locked);
    }
    DELAY_POINT_OUTSIDE(&family->locked, "marked");
    while (*pending != NULL)
        tell_next(family, &telling, err);
    LIST_REMOVE(&telling);
    telling_here = telling.outer;
    unlock(&family->locked);
}

static bool is_told_here(const struct telling *telling)
{
    for (const struct telling *t = telling_here; t != NULL; t = t->outer)
        if (t == telling)
            return true;
    return false;
}

void belay__forget_watchers(struct belay_watch **watches)
{
    struct belay_watch *next;
    for (struct belay_watch *watch = *watches; watch != NULL; watch = next) {
        next = watch->next;
        if (watch->thread == this_thread())
            continue;
        if (watch->fn == NULL && watch->arg != NULL)
            OS(close)(*(const int *)watch->arg);
        LIST_REMOVE(watch);
        atomic_store(watch_state(watch), ALONE);
    }
}

static void forget_current(struct belay_watch *watch)
{
    bool is_untold = watch->fn == belay__after_fire;
    atomic_store(watch_state(watch), is_untold ? ALONE : IDLE);
}

/*
 * What other threads were telling counts as told; what they had yet to tell
 * never will be, whoever registered it.
 */
void belay__forget_tellers(void)
{
    for (unsigned i = 0; i < FAMILIES; ++i) {
        struct telling *next;
        for (struct telling *t = belay__families[i].tellings; t; t = next) {
            next = t->next;
            belay__forget_watchers(t->pending);
            if (is_told_here(t))
                continue;
            LIST_REMOVE(t);
            if (t->current != NULL)
                forget_current(t->current);
            struct belay_watch *watch;
            while (t->pending != &belay__families[i].due &&
                   (watch = *t->pending) != NULL) {
                LIST_REMOVE(watch);
                atomic_store(watch_state(watch), ALONE);
            }
        }
    }
}

/* --- Taking back -------------------------------------------------------- */

static bool is_told_inside(const struct belay_watch *watch)
{
    for (const struct telling *t = telling_here; t != NULL; t = t->outer)
        if (t->current == watch)
            return true;
    return false;
}

/* Takes the lock that guards watch, which fn may change by watching anew. */
static struct family *lock_watch(const struct belay_watch *watch)
{
    for (;;) {
        struct family *family = family_of_watch(watch);
        DELAY_POINT("unwatch");
        lock(&family->locked);
        if (family == family_of_watch(watch))
            return family;
        unlock(&family->locked);
    }
}

/* Under the lock: 1 taken back, 0 not registered, -EBUSY being told. */
static int take_back(struct belay_watch *watch)
{
    atomic_int *state = watch_state(watch);
    switch (atomic_load_explicit(state, memory_order_relaxed)) {
    case WATCHING:
        HELD(family_of_watch(watch));
        CHECK_WATCH(watch, NULL);
        LIST_REMOVE(watch);
        atomic_store_explicit(state, IDLE, memory_order_relaxed);
        return 1;
    case TELLING:
    case AWAITED:
        DELAY_POINT("busy");
        return -EBUSY;
    default:
        return 0;
    }
}

/* True: it was on what can never end, and this call took it back. */
static bool took_alone(struct belay_watch *watch)
{
    int alone = ALONE;
    if (atomic_load_explicit(watch_state(watch), memory_order_relaxed) != ALONE)
        return false;
    return atomic_compare_exchange_strong_explicit(watch_state(watch), &alone,
                                                   IDLE, memory_order_relaxed,
                                                   memory_order_relaxed);
}

/* The state, acquiring from finish(): then what fn did is seen. */
static bool is_idle(struct belay_watch *watch)
{
    return atomic_load_explicit(watch_state(watch), memory_order_acquire) <=
           IDLE;
}

int belay_try_unwatch(struct belay_watch *watch)
{
    if (is_idle(watch))
        return 0;
    if (took_alone(watch))
        return 1;
    struct family *family = lock_watch(watch);
    DELAY_POINT("taking");
    int taken = take_back(watch);
    unlock(&family->locked);
    return taken;
}

bool belay_unwatch(struct belay_watch *watch)
{
    if (is_idle(watch))
        return false;
    if (took_alone(watch))
        return true;
    struct family *family = lock_watch(watch);
    DELAY_POINT("taking");
    int taken = take_back(watch);
    bool is_inside = taken == -EBUSY && is_told_inside(watch);
    atomic_int *state = watch_state(watch);
    /* If another thread awaits fn, the memory is in use, and stays told. */
    if (is_inside &&
        atomic_load_explicit(state, memory_order_relaxed) == TELLING) {
        forget(watch);
        atomic_store_explicit(state, IDLE, memory_order_relaxed);
    } else if (taken == -EBUSY && !is_inside) {
        atomic_store_explicit(state, AWAITED, memory_order_relaxed);
    }
    unlock(&family->locked);

    if (taken == -EBUSY && !is_inside)
        while (atomic_load_explicit(state, memory_order_acquire) == AWAITED)
            OS(wait)(state, AWAITED, BELAY_FOREVER);
    return taken == 1;
}
