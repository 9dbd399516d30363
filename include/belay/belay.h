/* SPDX-License-Identifier: MIT */
#ifndef BELAY_BELAY_H
#define BELAY_BELAY_H

/*
 * A context tells the functions it is passed to when to give up: when someone
 * cancels it, when its deadline passes, or when its parent ends.
 *
 *     belay_ctx *ctx = belay_with_timeout(parent, 2 * BELAY_SECOND);
 *     int err = fetch(ctx, url);
 *     belay_end(ctx);
 *
 * Whoever makes a context gets a `belay_ctx *` and may end it.  Everyone else
 * takes a `const belay_ctx *`, as the first parameter, and may only ask.  NULL
 * is accepted wherever a `const belay_ctx *` is, and means the background.
 *
 * Every function may be called from any thread at any time, and from inside a
 * watch, an after-function or a destructor; none from a signal handler.  None
 * reads errno or leaves anything in it.  Those that can fail return 0 or a
 * count, or a negative errno.
 *
 * An ending is for good.  It reaches the whole subtree before anyone is told,
 * and what the canceler wrote before it is visible to whoever sees it.
 */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <belay/attributes.h>

#define BELAY_VERSION_MAJOR 0
#define BELAY_VERSION_MINOR 1
#define BELAY_VERSION_PATCH 0

/* Opaque; `struct belay_ctx;` is all that a header of yours needs. */
typedef struct belay_ctx belay_ctx;

/* --- Time --------------------------------------------------------------- */

typedef int64_t belay_time;     /* an instant: nanoseconds of CLOCK_MONOTONIC */
typedef int64_t belay_duration; /* nanoseconds */

#define BELAY_NANOSECOND INT64_C(1)
#define BELAY_MICROSECOND (1000 * BELAY_NANOSECOND)
#define BELAY_MILLISECOND (1000 * BELAY_MICROSECOND)
#define BELAY_SECOND (1000 * BELAY_MILLISECOND)
#define BELAY_MINUTE (60 * BELAY_SECOND)
#define BELAY_HOUR (60 * BELAY_MINUTE)
#define BELAY_FOREVER INT64_MAX

/* Returns the present instant.  Stepping the wall clock does not move it. */
BELAY_API belay_time belay_now(void);

/* --- Roots -------------------------------------------------------------- */

/* Never ends, carries nothing, needs no giving back.  The same as NULL. */
BELAY_API const belay_ctx *belay_background(void);

/* As the background, for a place that does not know its context yet. */
BELAY_API const belay_ctx *belay_todo(void);

/* --- Ending ------------------------------------------------------------- */

/*
 * Ends ctx and everything derived from it, with BELAY_CANCELED.
 *
 * Returns true if this call ended it: its watches have then run.  Returns
 * false if it had ended already, or cannot be ended: the background, and what
 * belay_with_value() and belay_without_cancel() make.  Of two callers at once
 * one gets true; the other returns when the subtree has ended, without waiting
 * for the watches.
 *
 * Cannot fail, allocates nothing, and does not wait for the work it stops.
 */
BELAY_API bool belay_cancel(belay_ctx *ctx);

/*
 * As belay_cancel(), and says why: `code` is a negative errno or a code of
 * your own (0: BELAY_CANCELED), the format and what follows make the text
 * (NULL: belay_strerror(code)).  Only belay_cause() and belay_explain() show
 * them; belay_err() stays BELAY_CANCELED.
 *
 * The text is kept whole up to 255 bytes, and is cut at a character beyond.
 * It may ask for memory; where that is refused, the text is
 * belay_strerror(code), and the rest of the cause is as it should be.
 */
BELAY_API BELAY_PRINTF(3, 4)
bool belay_cancel_cause(belay_ctx *ctx, int code, const char *format, ...);

/*
 * Cancels ctx and gives it back: the last line of the function that made it.
 *
 * Once for each context made, by whoever made it.  The memory goes with the
 * last reference.  On a context that has no end of its own this gives back and
 * ends nothing.  NULL is fine.
 */
BELAY_API void belay_end(belay_ctx *ctx);

/* Calls belay_end() when the variable goes out of scope (gcc and clang). */
#if defined(__GNUC__)
#define BELAY_AUTO __attribute__((cleanup(belay__auto_end)))
#endif

/* --- Making ------------------------------------------------------------- */

/*
 * Returns a child of parent that ends when it is canceled or parent ends.
 *
 * Never NULL.  If memory runs out, or no thread can be had for a deadline, the
 * child is born ended, with belay_err() equal to -ENOMEM: the work it was made
 * for is refused, and no caller has to check.  A child of an ended parent is
 * born ended, with its error and cause.  At most one allocation.
 *
 * The caller owns the child, and gives it back with belay_end().  The child
 * keeps what it needs of its parent, and may outlive the parent's maker.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_cancel(const belay_ctx *parent);

/*
 * As belay_with_cancel(), and also ends, with BELAY_DEADLINE_EXCEEDED, at
 * `when`: never earlier.  A `when` in the past gives a child born ended.
 *
 * The deadline is the earliest along the chain: where the parent's is earlier,
 * and for BELAY_FOREVER, this is belay_with_cancel().
 *
 * The first deadline starts the clock's thread, unless belay_clock_fd() has
 * been called.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_deadline(const belay_ctx *parent, belay_time when);

/* As belay_with_deadline(), that long from now; too long is for ever. */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_timeout(const belay_ctx *parent, belay_duration after);

/*
 * As belay_with_deadline(), and names the cause, should this very deadline end
 * the child.  `code` and `text` are as for belay_cancel_cause(); the text is
 * copied, whole.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_deadline_cause(const belay_ctx *parent, belay_time when,
                                     int code, const char *text);
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_with_timeout_cause(const belay_ctx *parent,
                                    belay_duration after, int code,
                                    const char *text);

/* Identifies a value by its address: `static const struct belay_key user`. */
struct belay_key {
    const char *name;             /* what belay_describe() calls it */
    void (*destroy)(void *value); /* NULL: the value is not the library's */
};

/*
 * Returns a child of parent under which belay_value() finds value for key.
 *
 * It has no end of its own: belay_cancel() does nothing to it, belay_end()
 * gives it back and ends nothing below.
 *
 * The value passes to the library with this call.  key->destroy, if any, runs
 * once, without any lock, after the last reference; at once if memory runs
 * out; not at all for a NULL value.
 */
BELAY_API BELAY_OWNED(belay_end) BELAY_NONNULL(2)
belay_ctx *belay_with_value(const belay_ctx *parent,
                            const struct belay_key *key, void *value);

/*
 * Returns a child of parent that has its values and none of its ends: work
 * that must go on when the request is over.
 */
BELAY_API BELAY_OWNED(belay_end)
belay_ctx *belay_without_cancel(const belay_ctx *parent);

/*
 * Keeps ctx beyond the call you got it in, and returns it ...
 *
 * Whoever hands a context to another thread takes a reference for it first.
 */
BELAY_API const belay_ctx *belay_ref(const belay_ctx *ctx);

/* ... and lets it go, once for each belay_ref().  Never cancels. */
BELAY_API void belay_unref(const belay_ctx *ctx);

/* --- Asking ------------------------------------------------------------- */

#define BELAY_CANCELED (-ECANCELED)
#define BELAY_DEADLINE_EXCEEDED (-ETIME)

#if defined(__cplusplus)
#define BELAY__INLINE BELAY_API inline
#elif defined(__GNUC__)
#define BELAY__INLINE inline __attribute__((visibility("default")))
#else
#define BELAY__INLINE inline
#endif

/*
 * Returns 0 while ctx is live, then for good one of BELAY_CANCELED,
 * BELAY_DEADLINE_EXCEEDED, and -ENOMEM (born so).
 *
 * Costs one load while ctx is live.  Once it is not 0, the whole subtree has
 * ended and every way of waiting is ready: a check that meets an ending in
 * progress waits for it.
 */
BELAY__INLINE int belay_err(const belay_ctx *ctx);

/* Why a context ended.  Valid as long as the context it was asked of. */
struct belay_cause {
    int code;         /* whatever the canceler said, or belay_err()'s */
    const char *text; /* never NULL */
    const char *where; /* "file.c:line" of who canceled, or set the deadline */
    belay_time when;  /* the instant of the ending */
};

/* Returns why ctx ended; NULL while it is live. */
BELAY_API const struct belay_cause *belay_cause(const belay_ctx *ctx);

/* Tells the deadline of ctx, its own or inherited; false: it has none. */
BELAY_API BELAY_NONNULL(2)
bool belay_deadline(const belay_ctx *ctx, belay_time *ret_when);

/* Returns the time left; 0 when ended or past; BELAY_FOREVER: no deadline. */
BELAY_API belay_duration belay_remaining(const belay_ctx *ctx);

/*
 * Finds the nearest value for key, at ctx or above.  True for a stored NULL,
 * too; false, and *ret_value is left alone, where there is none.
 *
 * The value stays valid as long as ctx does.
 */
BELAY_API BELAY_NONNULL(3)
bool belay_value(const belay_ctx *ctx, const struct belay_key *key,
                 void **ret_value);

/*
 * Returns "context canceled", "context deadline exceeded", else the system's
 * words for the errno of either sign.  Static, not translated, never NULL.
 */
BELAY_API const char *belay_strerror(int code);

/*
 * Writes how ctx was derived, as Go does:
 *
 *     context.Background.WithValue(user, ...).WithDeadline(<time> [1.5s])
 *
 * snprintf's contract: returns the length of the whole text, cuts what does
 * not fit, and always terminates it; size 0 with NULL asks for the length.
 * -EOVERFLOW: the length is more than an int holds.
 */
BELAY_API int belay_describe(const belay_ctx *ctx, char *buffer, size_t size);

/* Writes, in one line, who ended ctx, where, why and when.  As snprintf. */
BELAY_API int belay_explain(const belay_ctx *ctx, char *buffer, size_t size);

/*
 * Returns 1 if the context has ended, else 0.  Fits as it is wherever a
 * library takes an `int (*)(void *)` to ask whether it should stop.
 */
BELAY_API int belay_stopped(void *ctx);

/* --- Being told --------------------------------------------------------- */

/* Storage for one watch.  Yours to place, the library's to fill in. */
struct belay_watch {
    struct belay_watch *next;
    struct belay_watch **link;
    void (*fn)(void *arg, int err);
    void *arg;
    int state;
    int family;
    unsigned thread;
};

/*
 * Arranges for fn(arg, err) to be called when ctx ends: once, on the thread
 * that ended it, without any lock, after the whole subtree has ended.  fn
 * returns normally; from inside it anything may be called.
 *
 * Returns false if ctx has ended already: nothing is registered and fn is not
 * called.  Returns true and never calls fn if ctx can never end.
 *
 * The watch must stay in place until it has been told or taken back; then it
 * may be used again, also from inside its own fn: by one thread at a time, any
 * number of which may take it back.  It does not keep ctx.
 * Watches of one context are told oldest first, a child's before its parent's.
 * In the child of a fork(), those that threads of the parent registered are
 * never told; those of the thread that forked are.
 */
BELAY_API BELAY_NONNULL(2, 3)
bool belay_watch(const belay_ctx *ctx, struct belay_watch *watch,
                 void (*fn)(void *arg, int err), void *arg);

/*
 * Takes watch back.  True: this call did, and fn never runs.  False: fn has
 * run, or watch was not registered (all zeros is not registered).
 *
 * Waits for a call in progress, except from inside it: there it returns false
 * at once, and the library forgets the watch, so that its memory may be freed
 * (unless another thread is waiting in here for the same watch); to others fn
 * counts as over from then on, as it does when fn registers its watch again,
 * or tries to.
 * Two watches whose functions take back each other wait for ever: there, use
 * belay_try_unwatch().  Safe after the context is gone.
 */
BELAY_API BELAY_NONNULL(1) bool belay_unwatch(struct belay_watch *watch);

/*
 * As belay_unwatch(), without ever waiting: 1 taken back, 0 has run or was not
 * registered, -EBUSY running now (from inside fn, too).
 */
BELAY_API BELAY_NONNULL(1) int belay_try_unwatch(struct belay_watch *watch);

/*
 * Arranges for fn(arg) to run on a thread of the library when ctx ends; at
 * once if it has.  Never on the thread that ended it, which does not wait.
 *
 * Each fn has a thread to itself if one can be had at the ending, and else
 * shares one that exists since the registration.  The registration holds ctx
 * until fn has returned.
 *
 * Returns NULL if there is no memory or no thread.  Otherwise the result is
 * given back by exactly one of belay_after_stop() and belay_after_join().
 */
BELAY_API BELAY_NONNULL(2)
struct belay_after *belay_after_func(const belay_ctx *ctx,
                                     void (*fn)(void *arg), void *arg);

/*
 * Gives after back.  True: this call prevented fn.  False: fn has started, or
 * is about to.  Does not wait.  NULL: false.
 */
BELAY_API bool belay_after_stop(struct belay_after *after);

/* As belay_after_stop(), and waits for a running fn, unless called inside. */
BELAY_API bool belay_after_join(struct belay_after *after);

/* --- Waiting ------------------------------------------------------------ */

/*
 * Signals do not end a wait: a handler that wants to must cancel.  Nor does
 * pthread_cancel(), which is held off until the wait is over.
 */

/* Waits until ctx ends, and returns belay_err(ctx).  Else, waits for ever. */
BELAY_API int belay_wait(const belay_ctx *ctx);

/* Returns 0 after the full time, or belay_err(ctx) as soon as ctx has ended. */
BELAY_API int belay_sleep(const belay_ctx *ctx, belay_duration duration);

/*
 * Returns a descriptor that is readable for good once ctx has ended, also
 * after someone has read from it.  Made on first use, close-on-exec, closed
 * with ctx: not yours to close.  After a fork(), ask the child's for it again:
 * the number stays, but what it stands for in an epoll set is the parent's.
 *
 * Negative errno: -EMFILE, -ENFILE, -ENOMEM; -ENOTSUP if ctx can never end
 * (poll() ignores a negative descriptor, which is then just right).
 */
BELAY_API int belay_fd(const belay_ctx *ctx);

/*
 * poll(2) that ends with ctx.  Returns its count, 0 after the timeout, or a
 * negative errno: belay_err(ctx) if it has ended, which wins over descriptors
 * that are ready, all revents being 0 then.  A negative timeout is for ever.
 */
BELAY_API
int belay_poll(const belay_ctx *ctx, struct pollfd *fds, nfds_t count,
               belay_duration timeout);

/* --- Driving deadlines from an event loop, instead of a thread ---------- */

/*
 * Returns a descriptor that is readable whenever belay_clock_run() is due.
 * From here on the program drives the deadlines; the clock's thread, if there
 * is one, ends.  A thread that waits looks after its own context's deadline,
 * and may then tell watches.  Close-on-exec, owned by the library.  Negative
 * errno: nothing has changed.
 */
BELAY_API int belay_clock_fd(void);

/*
 * Ends what is due, then tells the watches.  Returns how many deadlines fired,
 * not counting what was derived from them.
 */
BELAY_API int belay_clock_run(void);

/*
 * Allows the clock to be up to `slack` late, so that it can gather deadlines
 * and wake up less often.  For the whole process; 0 (the default) is exact.
 */
BELAY_API void belay_clock_slack(belay_duration slack);

/* --- For wrappers ------------------------------------------------------- */

/*
 * The functions above that make or end take their caller's place from the
 * macros below.  A wrapper that has a place of its own to give passes it here:
 * a string that lives as long as the program, such as BELAY_HERE.
 */
BELAY_API BELAY_PRINTF(4, 5)
bool belay_cancel_cause_at(belay_ctx *ctx, const char *where, int code,
                           const char *format, ...);
BELAY_API bool belay_cancel_at(belay_ctx *ctx, const char *where);
BELAY_API void belay_end_at(belay_ctx *ctx, const char *where);
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_cancel_at(const belay_ctx *parent, const char *where);
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_deadline_at(const belay_ctx *parent, belay_time when,
                                  const char *where);
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_timeout_at(const belay_ctx *parent, belay_duration after,
                                 const char *where);
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_deadline_cause_at(const belay_ctx *parent,
                                        belay_time when, int code,
                                        const char *text, const char *where);
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_with_timeout_cause_at(const belay_ctx *parent,
                                       belay_duration after, int code,
                                       const char *text, const char *where);
BELAY_API BELAY_OWNED(belay_end_at) BELAY_NONNULL(2)
belay_ctx *belay_with_value_at(const belay_ctx *parent,
                               const struct belay_key *key, void *value,
                               const char *where);
BELAY_API BELAY_OWNED(belay_end_at)
belay_ctx *belay_without_cancel_at(const belay_ctx *parent, const char *where);

#define belay_cancel(ctx) belay_cancel_at(ctx, BELAY_HERE)
#define belay_cancel_cause(ctx, ...) \
    belay_cancel_cause_at(ctx, BELAY_HERE, __VA_ARGS__)
#define belay_end(ctx) belay_end_at(ctx, BELAY_HERE)
#define belay_with_cancel(parent) belay_with_cancel_at(parent, BELAY_HERE)
#define belay_with_deadline(parent, when) \
    belay_with_deadline_at(parent, when, BELAY_HERE)
#define belay_with_timeout(parent, after) \
    belay_with_timeout_at(parent, after, BELAY_HERE)
#define belay_with_deadline_cause(parent, when, code, text) \
    belay_with_deadline_cause_at(parent, when, code, text, BELAY_HERE)
#define belay_with_timeout_cause(parent, after, code, text) \
    belay_with_timeout_cause_at(parent, after, code, text, BELAY_HERE)
#define belay_with_value(parent, key, value) \
    belay_with_value_at(parent, key, value, BELAY_HERE)
#define belay_without_cancel(parent) \
    belay_without_cancel_at(parent, BELAY_HERE)

/* --- What the inline check and BELAY_AUTO stand on ---------------------- */

BELAY_API void belay__auto_end(belay_ctx **ctx);
BELAY_API int belay__err(const belay_ctx *ctx);

/*
 * The first word of a context is 0 while it is live and its error once it has
 * ended; a positive one says that there is more to it.
 */
BELAY__INLINE int belay_err(const belay_ctx *ctx)
{
#if defined(__GNUC__)
    if (ctx == NULL)
        return 0;
    int state = __atomic_load_n((const int *)ctx, __ATOMIC_ACQUIRE);
    if (__builtin_expect(state == 0, 1))
        return 0;
    return __builtin_expect(state < 0, 1) ? state : belay__err(ctx);
#else
    return belay__err(ctx);
#endif
}

#endif
