/* SPDX-License-Identifier: MIT */
#ifndef BELAY_INTERNAL_H
#define BELAY_INTERNAL_H

/*
 * What the core's files share: the shape of a context, and the locks.
 *
 * Locks.  A context has no lock of its own.  It belongs to a *family*, one of
 * a fixed few, and the family's lock guards everything in it that is not
 * constant: references, children, watches, deadlines, and every change of
 * state.  A tree is of one family, so that ending a subtree is one walk under
 * one lock, and nobody sees half of it.  Families outlive every context, so
 * that a watch can be taken back when its context is gone, and fork() can hold
 * all the locks there are.
 *
 * One thing splits a tree: a parent whose children crowd its lock (crowd.c)
 * gives each new child the family of the processor that makes it.  Ending such
 * a parent takes those locks as well.
 *
 * Order: the pool's lock (after.c), the family of a tree, then the families of
 * crowds, in their order.
 * Nothing is allocated, freed or called back under a lock.
 *
 * State.  Written under the lock, read without: 0, then ENDING, then the
 * error, which is released when the whole subtree below is marked.
 */

#include "os/os.h"

#include <belay/belay.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef belay_cancel /* the core gives places, and defines what has none */
#undef belay_cancel
#undef belay_cancel_cause
#undef belay_end
#undef belay_with_cancel
#undef belay_with_deadline
#undef belay_with_timeout
#undef belay_with_deadline_cause
#undef belay_with_timeout_cause
#undef belay_with_value
#undef belay_without_cancel
#endif

/* --- Contexts ----------------------------------------------------------- */

enum {
    LIVE = 0,     /* and negative: the error it has ended with */
    ENDING = 1,   /* being marked, by whoever holds the lock */
    VALUE = 2,    /* has no end of its own: a value, */
    DETACHED = 3, /* a without-cancel, the background */
    KIND = 3,
    INDEX_AT = 8, /* a value's place in its block, in the bits from here on */
};

struct belay_ctx {
    atomic_int state;        /* first: the inline check reads it */
    atomic_uint refs;        /* of a cancel_ctx: under the lock */
    const belay_ctx *parent; /* held; NULL for the two roots only */
};

struct value_ctx {
    struct belay_ctx base;
    struct cancel_ctx *ender; /* whose end it shares; NULL: none */
    const struct belay_key *key;
    void *value; /* of a DETACHED: the nearest value_ctx above, or NULL */
};

/*
 * A context that can end.  It is listed while it lives and has a cause once it
 * has ended, never both: hence the unions, which save a third of its size.
 */
struct cancel_ctx {
    struct belay_ctx base;
    int fd; /* -1: none yet */
    uint8_t family;
    atomic_uchar crowding;    /* how often its lock was contended; or CROWDED */
    bool is_deadline;         /* it is a deadline_ctx */
    uint8_t process;          /* the fork() that fd is of */
    struct value_ctx *values; /* the nearest above, or NULL */
    belay_time deadline;      /* the earliest along the chain */
    struct cancel_ctx *children;
    union {
        struct crowd *crowd;             /* while it lives */
        const struct belay_cause *cause; /* once it has ended */
    };
    union {
        struct {
            struct cancel_ctx *next, **link; /* in the parent's children */
            const char *where;               /* it was made */
            struct belay_watch *watches;
        };
        struct belay_cause own; /* if it did not end by its parent */
    };
};

struct deadline_ctx {
    struct cancel_ctx cancel;
    struct deadline_ctx *next, **link; /* in the wheel; link NULL: not armed */
    int code;
    const char *text; /* stands behind, or is static */
};

extern struct cancel_ctx belay__no_memory;

static inline int state_of(const belay_ctx *ctx)
{
    return atomic_load_explicit(&ctx->state, memory_order_relaxed);
}

static inline bool can_end(const belay_ctx *ctx)
{
    return state_of(ctx) <= ENDING;
}

/* The nearest context that can end, at ctx or above; NULL: none. */
static inline struct cancel_ctx *ender(const belay_ctx *ctx)
{
    if (ctx == NULL)
        return NULL;
    return can_end(ctx) ? (struct cancel_ctx *)ctx
                        : ((const struct value_ctx *)ctx)->ender;
}

/* The nearest value, at ctx or above; NULL: none. */
static inline struct value_ctx *nearest_value(const belay_ctx *ctx)
{
    if (can_end(ctx))
        return ((const struct cancel_ctx *)ctx)->values;
    struct value_ctx *value = (struct value_ctx *)ctx;
    return (state_of(ctx) & KIND) == VALUE ? value : value->value;
}

static inline const belay_ctx *or_background(const belay_ctx *ctx)
{
    return ctx != NULL ? ctx : belay_background();
}

/* --- Families and their locks ------------------------------------------- */

enum { TREES = 32, CROWDS = 32, FAMILIES = TREES + CROWDS };

/* Deadlines by the time they are due: wheel.c. */
enum { TICK_BITS = 16, LEVEL_BITS = 6, LEVELS = 8, SLOTS = 1 << LEVEL_BITS };

struct wheel {
    uint64_t now;              /* the tick up to which all are out */
    unsigned levels;           /* bit l: something is in level l */
    uint64_t occupied[LEVELS]; /* bit s: something is in slot s */
    struct slot {
        struct deadline_ctx *first;
        belay_time earliest; /* none in the slot is due before */
    } slots[LEVELS][SLOTS];
};

struct family {
    _Alignas(64) atomic_uint locked;
    struct telling *tellings; /* in progress: watch.c */
    struct cancel_ctx *roots; /* of its trees, as if they were children */
    struct belay_watch *due;  /* to be told by the clock */
    struct wheel wheel;
};

extern struct family belay__families[FAMILIES];

/* Returns true if it had to wait. */
bool belay__lock_slowly(atomic_uint *locked);

static inline bool lock(atomic_uint *locked)
{
    unsigned free = 0;
    DELAY_POINT("lock");
    /* Acquires what the last holder released in unlock(). */
    if (atomic_compare_exchange_strong_explicit(
            locked, &free, 1, memory_order_acquire, memory_order_relaxed))
        return false;
    return belay__lock_slowly(locked);
}

static inline void unlock(atomic_uint *locked)
{
    atomic_store_explicit(locked, 0, memory_order_release);
}

static inline struct family *family_of(const struct cancel_ctx *ctx)
{
    return &belay__families[ctx->family];
}

/* Claims that this thread has the lock: the proving ground looks. */
#ifdef BELAY_SEAMS
#define HELD(family) belay__seams.held(&(family)->locked)
#else
#define HELD(family) ((void)0)
#endif

/* A library that is loaded late finds its own in the static block, too. */
#if defined(__GLIBC__)
#define THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define THREAD_LOCAL _Thread_local
#endif

/* A delay point that must not stand under the lock. */
#ifdef BELAY_SEAMS
#define DELAY_POINT_OUTSIDE(locked, place) \
    (unlock(locked), DELAY_POINT(place), (void)lock(locked))
#else
#define DELAY_POINT_OUTSIDE(locked, place) ((void)0)
#endif

unsigned belay__tree_family(void); /* for a new tree: family.c */

void belay__watch_forks(void);

/* How often this process came out of a fork(); wraps. */
extern atomic_uchar belay__forks;

static inline uint8_t process_now(void)
{
    return atomic_load_explicit(&belay__forks, memory_order_relaxed);
}

/*
 * Under the lock, before the descriptor of a live context is touched.  In the
 * child of a fork(), one that was made before would be signaled to the parent
 * as well: it gets another event under its number.
 */
void belay__arrive(struct cancel_ctx *ctx);
static inline void arrive(struct cancel_ctx *ctx)
{
    if (ctx->fd >= 0 && ctx->process != process_now())
        belay__arrive(ctx);
}

/* --- Shared steps; the file that has them ------------------------------- */

/* context.c: one reference.  drop() may free ctx and what it held. */
void belay__hold(const belay_ctx *ctx);
void belay__drop(const belay_ctx *ctx);
/* The same of an ended context, under its lock, which it releases. */
void belay__drop_locked(struct cancel_ctx *ctx);
/* Of a context that can end, under its lock. */
static inline void count_refs(const belay_ctx *ctx, long by)
{
    HELD(family_of((const struct cancel_ctx *)ctx));
    atomic_uint *refs = &((struct belay_ctx *)ctx)->refs;
    unsigned before = atomic_load_explicit(refs, memory_order_relaxed);
    atomic_store_explicit(refs, before + (unsigned)by, memory_order_relaxed);
}

/* context.c: what a maker calls in turn; refuse() is for lack of memory. */
struct cancel_ctx *belay__make(size_t size, const belay_ctx *parent,
                               const char *where);
belay_ctx *belay__refuse(void);
/* Puts child under its parent; arms its deadline, unless `now` is UNARMED. */
#define UNARMED INT64_MIN
void belay__adopt(struct cancel_ctx *child, belay_time now);

/* crowd.c */
enum { CROWDED = 255 };
static inline bool is_crowded(const struct cancel_ctx *ctx)
{
    return atomic_load_explicit(&ctx->crowding, memory_order_acquire) ==
           CROWDED;
}

struct crowd {
    struct crowd *next, **link; /* in belay__untold, once its owner ends */
    struct crowd *met;          /* the next of those that one ending has met */
    struct crowd *outer;        /* the one whose walk that of this interrupts */
    struct cancel_ctx *owner;
    unsigned drained; /* shards whose children have been taken over */
    struct shard {
        struct cancel_ctx *children;
        long held; /* references to the owner that were counted here */
        struct belay_watch *pending;
        char apart[40]; /* so that no two processors share a cache line */
    } shards[CROWDS];
};
/* Those with watches yet to be told.  Guarded by the first of their locks. */
extern struct crowd *belay__untold;
void belay__make_crowd(struct cancel_ctx *ctx);
void belay__forget_crowds(void); /* in the child of a fork() */
void belay__lock_crowds(void);
void belay__unlock_crowds(void);

static inline struct shard *shard_of(struct cancel_ctx *parent,
                                     const struct cancel_ctx *child)
{
    HELD(family_of(child));
    return &parent->crowd->shards[child->family - TREES];
}

/*
 * Who is to be woken when the lock is free: woken under it, on the same
 * processor, he would find it taken.  A word may be gone by then, which a
 * wake-up does not mind; a bell stays until it has rung.
 */
enum { FEW_WAKES = 8 }; /* those beyond are woken under the lock */
struct wakes {
    unsigned count;
    struct wake {
        atomic_int *word;
        int bell; /* -1: it is the word */
    } of[FEW_WAKES];
};

/* ending.c */
struct marking {
    int err;
    struct belay_cause own;          /* of the topmost */
    const struct belay_cause *cause; /* of all: where that one stands */
    struct belay_watch **pending;    /* where watches are gathered */
    struct wakes *wakes;             /* and sleepers, to be woken */
    struct crowd *crowds;            /* those met, ... */
    struct crowd *inside;            /* ... and the one being walked */
};
/* Marks top and all below, under its lock, which is taken out of its parent. */
void belay__mark(struct marking *marking, struct cancel_ctx *top);
/* After the lock of the mark is released: tells what crowds hold. */
void belay__tell_crowds(struct marking *marking);
void belay__unlink(struct cancel_ctx *ctx);

/* watch.c */
enum {
    IDLE = 0,
    WATCHING = 1,
    TELLING = 2,
    AWAITED = 3, /* TELLING, and somebody waits for fn */
    ALONE = 4,   /* on what can never end: registered, and in no list */
};

struct telling {
    struct telling *next, **link; /* in the family's */
    struct family *family;
    struct telling *outer;        /* on this thread */
    struct belay_watch **pending; /* yet to be told */
    struct belay_watch *current;  /* being told; NULL: forgotten */
};

/* What a watch says in `family`, besides it: a seal, in the checking build. */
enum { SEAL_AT = 6 };
/*
 * As belay_watch().  Without fn, it is somebody's wait: its state becomes err,
 * and then the bell that arg points at is rung, if it points at one.
 */
bool belay__watch(const belay_ctx *ctx, struct belay_watch *watch,
                  void (*fn)(void *arg, int err), void *arg);
/* Under the lock, which it releases: wakes, then tells all of *pending. */
void belay__tell(struct family *family, struct belay_watch **pending, int err,
                 struct wakes *wakes);
void belay__wake(struct wakes *wakes);
void belay__gather(struct belay_watch **watches, struct belay_watch **pending,
                   int err, struct wakes *wakes);
/* In the child of a fork(), under all locks; the second, for each context. */
void belay__forget_tellers(void);
void belay__forget_watchers(struct belay_watch **watches);

static inline atomic_int *watch_state(struct belay_watch *watch)
{
    return (atomic_int *)&watch->state;
}

/* wheel.c: under the family's lock. */
void belay__arm(struct wheel *wheel, struct deadline_ctx *ctx, belay_time now);
void belay__disarm(struct wheel *wheel, struct deadline_ctx *ctx);
struct deadline_ctx *belay__due(struct wheel *wheel, belay_time now);
belay_time belay__next_due(const struct wheel *wheel);

/* bell.c: a descriptor, or -errno; given back unless it was signaled. */
int belay__take_bell(void);
void belay__put_bell(int fd);
void belay__close_bells(void); /* those given back, in a child and at exit */
extern atomic_uint belay__bells_locked;

/* clock.c */
bool belay__clock_ready(void); /* false: no thread can be had */
void belay__clock_uses(unsigned family);
void belay__clock_expect(belay_time when); /* after arming, without a lock */
bool belay__clock_is_driven(void);
void belay__clock_forked(void);
void belay__clock_close(void);

/* after.c */
void belay__after_fire(void *after, int err); /* fn of its watches */
void belay__after_forked(void);
void belay__after_close(void);
extern atomic_uint belay__after_lock;

/* value.c */
void belay__destroy_value(struct value_ctx *ctx);

static inline belay_time saturating_add(belay_time time, belay_duration by)
{
    belay_time sum;
    if (!__builtin_add_overflow(time, by, &sum))
        return sum;
    return by > 0 ? INT64_MAX : INT64_MIN;
}

/* --- Intrusive lists: a head, and in each node next and link ------------ */

#define LIST_PUSH(head, node) \
    do { \
        (node)->next = *(head); \
        (node)->link = (head); \
        if (*(head) != NULL) \
            (*(head))->link = &(node)->next; \
        *(head) = (node); \
    } while (0)

#define LIST_REMOVE(node) \
    do { \
        *(node)->link = (node)->next; \
        if ((node)->next != NULL) \
            (node)->next->link = (node)->link; \
    } while (0)

#include "check.h"

#endif
