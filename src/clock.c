/* SPDX-License-Identifier: MIT */

/*
 * Who ends contexts at their deadlines: a thread, or the program.
 *
 * `wake_up` is when the clock will look next.  Before it looks at the wheels
 * it sets this to BELAY_FOREVER; whoever arms a deadline looks at it
 * afterwards, and if it is later than the deadline, lowers it and wakes the
 * clock.  Both work under the family's lock in between, so either the clock
 * finds the deadline or the other finds BELAY_FOREVER.
 */

#include "internal.h"

enum mode { NOBODY, STARTING, THREAD, DRIVEN, CLOSED };

static struct {
    atomic_int mode;
    atomic_int news;         /* counts up: the thread should look again */
    atomic_int is_telling;   /* the thread is in a watch, or about to be */
    _Atomic int64_t wake_up; /* a belay_time */
    _Atomic int64_t slack;
    _Atomic uint64_t used; /* bit f: family f has had a deadline */
    atomic_uint timer_locked;
    int timer; /* if DRIVEN */
    pthread_t thread;
    atomic_bool has_thread; /* to be joined, by whoever makes this false, */
    atomic_bool has_left;   /* which will not take long */
} clock_ = {.wake_up = BELAY_FOREVER, .timer = -1};

static enum mode mode_now(void)
{
    return (enum mode)atomic_load_explicit(&clock_.mode, memory_order_acquire);
}

/* --- Looking ------------------------------------------------------------ */

/* Marks all that is due in a family: how many deadlines fired. */
static int mark_due(struct family *family, belay_time now,
                    struct marking *marking)
{
    int fired = 0;
    struct deadline_ctx *due = belay__due(&family->wheel, now);
    if (due != NULL)
        due->link = &due;
    while (due != NULL) {
        struct cancel_ctx *ctx = &due->cancel;
        marking->own =
            (struct belay_cause){due->code, due->text, ctx->where, now};
        belay__mark(marking, ctx); /* disarms it, which takes it off */
        ++fired;
    }
    return fired;
}

struct look {
    int fired;
    belay_time next;  /* the earliest deadline left */
    uint64_t to_tell; /* bit f: family f has watches to be told */
    struct crowd *crowds;
};

static void mark_family(struct look *look, unsigned index, belay_time now)
{
    struct family *family = &belay__families[index];
    struct wakes wakes = {.count = 0};
    struct marking marking = {.err = BELAY_DEADLINE_EXCEEDED,
                              .pending = &family->due,
                              .wakes = &wakes};
    lock(&family->locked);
    look->fired += mark_due(family, now, &marking);
    belay_time next = belay__next_due(&family->wheel);
    if (family->due != NULL)
        look->to_tell |= UINT64_C(1) << index;
    unlock(&family->locked);

    struct crowd **last = &marking.crowds;
    if (marking.crowds != NULL)
        belay__unlock_crowds();
    belay__wake(&wakes);
    while (*last != NULL)
        last = &(*last)->met;
    *last = look->crowds;
    look->crowds = marking.crowds;
    if (next < look->next)
        look->next = next;
}

/* Marks everything that is due. */
static struct look look(void)
{
    struct look look = {.next = BELAY_FOREVER};
    atomic_store(&clock_.wake_up, BELAY_FOREVER);
    belay_time now = OS(now)();
    uint64_t used = atomic_load(&clock_.used);
    for (unsigned i = 0; i < FAMILIES; ++i)
        if ((used >> i & 1) != 0)
            mark_family(&look, i, now);
    return look;
}

static void tell(struct look *look)
{
    struct wakes none = {.count = 0};
    for (unsigned i = 0; i < FAMILIES; ++i) {
        struct family *family = &belay__families[i];
        if ((look->to_tell >> i & 1) == 0)
            continue;
        lock(&family->locked);
        belay__tell(family, &family->due, BELAY_DEADLINE_EXCEEDED, &none);
    }
    struct marking marking = {
        .err = BELAY_DEADLINE_EXCEEDED, .wakes = &none, .crowds = look->crowds};
    belay__tell_crowds(&marking);
}

/* --- When to look next -------------------------------------------------- */

static belay_time with_slack(belay_time when)
{
    return saturating_add(
        when, atomic_load_explicit(&clock_.slack, memory_order_relaxed));
}

/* Lowers wake_up; true if this call did. */
static bool wake_up_by(belay_time when)
{
    int64_t wake_up = atomic_load(&clock_.wake_up);
    while (when < wake_up)
        if (atomic_compare_exchange_weak(&clock_.wake_up, &wake_up, when))
            return true;
    return false;
}

static void set_timer(void)
{
    lock(&clock_.timer_locked);
    OS(set_timer)(clock_.timer, atomic_load(&clock_.wake_up));
    unlock(&clock_.timer_locked);
}

/* belay_clock_fd() sets the mode, then asks wake_up; here, the reverse. */
static void ring(void)
{
    if ((enum mode)atomic_load(&clock_.mode) == DRIVEN) {
        set_timer();
        return;
    }
    atomic_fetch_add(&clock_.news, 1);
    OS(wake)(&clock_.news);
}

void belay__clock_expect(belay_time when)
{
    if (wake_up_by(with_slack(when)))
        ring();
}

void belay__clock_uses(unsigned family)
{
    uint64_t bit = UINT64_C(1) << family;
    /* Acquires: whoever else has set it did so before wake_up is asked. */
    if ((atomic_load_explicit(&clock_.used, memory_order_acquire) & bit) == 0)
        atomic_fetch_or(&clock_.used, bit);
}

void belay_clock_slack(belay_duration slack)
{
    atomic_store(&clock_.slack, slack > 0 ? slack : 0);
    if (mode_now() == THREAD)
        ring();
}

/* --- The thread --------------------------------------------------------- */

static bool is_wanted(void)
{
    enum mode mode = (enum mode)atomic_load(&clock_.mode);
    return mode == STARTING || mode == THREAD;
}

static void run_thread(void)
{
    for (;;) {
        /* Before asking: whoever ends the thread says so first, then rings. */
        int news = atomic_load(&clock_.news);
        if (!is_wanted())
            break;
        struct look now = look();
        wake_up_by(with_slack(now.next));
        if (now.to_tell != 0 || now.crowds != NULL) {
            /* Set before asking: see belay__clock_close(). */
            atomic_store(&clock_.is_telling, 1);
            if ((enum mode)atomic_load(&clock_.mode) != CLOSED)
                tell(&now);
            atomic_store(&clock_.is_telling, 0);
        }
        OS(wait)(&clock_.news, news, atomic_load(&clock_.wake_up));
    }
    if (mode_now() == DRIVEN)
        set_timer(); /* for the wake_up that this thread has set */
    atomic_store(&clock_.has_left, true);
}

static const struct os_role clock_role = {"belay-clock", run_thread};

/* Leaves STARTING, and lets go whoever waits for that. */
static void started(enum mode mode)
{
    int starting = STARTING;
    atomic_compare_exchange_strong(&clock_.mode, &starting, mode);
    OS(wake)(&clock_.mode);
}

bool belay__clock_ready(void)
{
    for (;;) {
        switch (mode_now()) {
        case THREAD:
        case DRIVEN:
            return true;
        case CLOSED:
            return false;
        case STARTING:
            OS(wait)(&clock_.mode, STARTING, BELAY_FOREVER);
            break;
        case NOBODY: {
            int nobody = NOBODY;
            if (!atomic_compare_exchange_strong(&clock_.mode, &nobody,
                                                STARTING))
                break;
            bool has_thread = OS(thread)(&clock_.thread, &clock_role) == 0;
            /* Before others may start one. */
            atomic_store(&clock_.has_thread, has_thread);
            started(has_thread ? THREAD : NOBODY);
            return has_thread;
        }
        }
    }
}

/* --- The program -------------------------------------------------------- */

bool belay__clock_is_driven(void)
{
    return mode_now() == DRIVEN;
}

int belay_clock_fd(void)
{
    while (mode_now() == STARTING)
        OS(wait)(&clock_.mode, STARTING, BELAY_FOREVER);
    if (mode_now() == DRIVEN)
        return clock_.timer;
    if (mode_now() == CLOSED)
        return -ENOTSUP;

    belay__watch_forks();
    int timer = OS(timer)();
    if (timer < 0)
        return timer;
    lock(&clock_.timer_locked);
    bool is_first = clock_.timer < 0;
    if (is_first)
        clock_.timer = timer;
    unlock(&clock_.timer_locked);
    if (!is_first) {
        OS(close)(timer);
        return clock_.timer;
    }
    DELAY_POINT("driving");
    atomic_store(&clock_.mode, DRIVEN);
    atomic_fetch_add(&clock_.news, 1);
    OS(wake)(&clock_.news); /* the thread, if there is one, ends */
    set_timer();
    return timer;
}

int belay_clock_run(void)
{
    /* It may have left before whoever started it says that there is one. */
    if (atomic_load(&clock_.has_left) &&
        atomic_exchange(&clock_.has_thread, false))
        OS(join)(clock_.thread);
    struct look now = look();
    wake_up_by(with_slack(now.next));
    ring();
    tell(&now);
    return now.fired;
}

/* --- fork() and the end ------------------------------------------------- */

static bool has_deadlines(void)
{
    for (unsigned i = 0; i < FAMILIES; ++i)
        if (belay__families[i].wheel.levels != 0)
            return true;
    return false;
}

/*
 * The timer is the parent's, too: the child gets its own under that number,
 * which nobody takes meanwhile, this being its only thread.  False: none.
 */
static bool renew_timer(void)
{
    int number = clock_.timer;
    OS(close)(number);
    clock_.timer = OS(timer)();
    if (clock_.timer >= 0 && clock_.timer != number)
        clock_.timer = OS(replace)(clock_.timer, number) == 0 ? number : -1;
    return clock_.timer >= 0;
}

/*
 * In the child, which has none of the parent's threads.  It has no timer
 * either that one of them had only just made, to drive the clock with.
 */
void belay__clock_forked(void)
{
    unlock(&clock_.timer_locked);
    atomic_store(&clock_.has_thread, false);
    atomic_store(&clock_.has_left, false);
    atomic_store(&clock_.is_telling, 0);
    enum mode mode = mode_now();
    if (mode == DRIVEN && renew_timer()) {
        set_timer();
    } else if (mode != CLOSED) {
        if (mode != DRIVEN && clock_.timer >= 0)
            OS(close)(clock_.timer);
        clock_.timer = -1;
        atomic_store(&clock_.mode, NOBODY);
        if (has_deadlines())
            belay__clock_ready();
    }
}

/*
 * At exit() or dlclose().  The thread is joined, so that its code may be
 * unloaded, unless it is in a watch: exit() never waits for a callback.  It
 * says that it is telling and then asks whether the clock is closed; here it
 * is the other way round, so one of the two sees the other.
 */
void belay__clock_close(void)
{
    atomic_store(&clock_.mode, CLOSED);
    atomic_fetch_add(&clock_.news, 1);
    OS(wake)(&clock_.news);
    bool has_thread = atomic_exchange(&clock_.has_thread, false);
    if (has_thread && atomic_load(&clock_.is_telling) == 0)
        OS(join)(clock_.thread);
    else if (has_thread)
        belay__os_detach(clock_.thread);
    if (clock_.timer >= 0)
        OS(close)(clock_.timer);
    if (belay__no_memory.fd >= 0)
        OS(close)(belay__no_memory.fd);
}
