/* SPDX-License-Identifier: MIT */
#ifndef BELAY_SIGNAL_H
#define BELAY_SIGNAL_H

/*
 * Contexts that end on SIGINT, SIGTERM and the like: the first signal ends
 * `soft` (take no new work), the second ends `hard` (cut what is left), the
 * third does what it would have done, had nobody caught it.
 *
 *     struct belay_signals signals;
 *     belay_signals_begin(&signals, NULL, NULL);
 *     serve(signals.soft, signals.hard);
 *     belay_signals_end(&signals);
 *
 * A program that has one stage only uses one of the two.
 *
 * And for a handler of your own: a trigger, which cancels, and may be pulled
 * wherever a signal strikes.  Nothing is installed before it is asked for.
 */

#include <belay/belay.h>

#include <sys/select.h> /* sigset_t, where <signal.h> is no more than ISO C's */

/* --- Triggers: canceling from a signal handler -------------------------- */

/* Yours to place, where it stays until given back; the library's to fill in. */
struct belay_trigger {
    struct belay_trigger *next;
    struct belay_trigger **link;
    belay_ctx *ctx;
    belay_ctx *kick;
    struct belay_after *after;
    const char *text;
    const char *where;
    int code;
    int pulled;
    unsigned forks;
};

/*
 * Arranges for belay_trigger_pull() to cancel ctx, with a cause as that of
 * belay_cancel_cause(), whose place is here.  The text (NULL is fine) is not
 * copied.  An ended ctx is fine; the trigger keeps it.
 *
 * Returns 0, or a negative errno: no memory, thread or descriptor.  Nothing is
 * registered then, to pull the trigger does nothing, and there is nothing to
 * give back.
 *
 * The first one starts a thread, which stays, and gets a descriptor.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(1, 2)
int belay_trigger_begin(struct belay_trigger *trigger, belay_ctx *ctx,
                        int code, const char *text);

/*
 * Has the trigger's context canceled, on a thread of the library: soon, not
 * before this returns.  Once is enough, more often is the same.
 *
 * May be called from a signal handler, whatever it has interrupted: it stores
 * a word and writes to a descriptor.  It takes no lock and no memory, cannot
 * fail, and leaves errno alone.  In the child of a fork(), too.
 */
BELAY_API BELAY_NONNULL(1)
void belay_trigger_pull(struct belay_trigger *trigger);

/*
 * Gives trigger back, which nobody may pull any more.  If it has been pulled,
 * its context has been canceled, and its watches have run, when this returns;
 * but from inside one of these it does not wait.  Never cancels by itself.
 */
BELAY_API BELAY_NONNULL(1)
void belay_trigger_end(struct belay_trigger *trigger);

/* --- Contexts that end on signals --------------------------------------- */

/* Yours to place, where it stays until given back; the library's to fill in. */
struct belay_signals {
    belay_ctx *soft; /* ended by the first signal; a child of hard */
    belay_ctx *hard; /* ended by the second; a child of the parent */
    struct belay_signals *next;
    struct belay_signals **link;
    struct belay_trigger first;
    struct belay_trigger second;
    sigset_t set;
    const char *where;
    int count;
    int received;
    int fd;
};

/*
 * Catches the signals of the set (NULL: SIGINT and SIGTERM), and makes the two
 * contexts.  Each arrival of any of them counts: first, second, third.  Such
 * an end is BELAY_CANCELED, with the cause "interrupt signal received".
 *
 * A handler is installed for each, with SA_RESTART: system calls go on, and
 * what has to stop is told by its context.  What was installed before comes
 * back with belay_signals_end(), and with the third signal, which is then sent
 * to the process once more.  SIGHUP, SIGINT and SIGQUIT stay ignored if they
 * are (nohup, a background job).  Any number of these may exist at once, for
 * the same signals too; each counts for itself.
 *
 * Returns 0 or a negative errno: -EINVAL (an empty set, or one with a signal
 * that cannot be caught, or whose handler must not return), no memory, thread
 * or descriptor.  No signal is caught then, and both contexts have ended, with
 * that errno as the cause's code: work is refused, if nobody looks.
 *
 * In any case signals is given back, once, with belay_signals_end().
 */
BELAY_API BELAY_NONNULL(1)
int belay_signals_begin(struct belay_signals *signals, const belay_ctx *parent,
                        const sigset_t *set);

/*
 * As belay_signals_begin(), with no handler and no thread: for an event loop.
 * The signals must be blocked, in this thread (else -EINVAL) and all others.
 *
 * Returns a descriptor, which is readable whenever belay_signals_run() is due.
 * Close-on-exec, and closed by belay_signals_end().
 */
BELAY_API BELAY_NONNULL(1)
int belay_signals_begin_fd(struct belay_signals *signals,
                           const belay_ctx *parent, const sigset_t *set);

/*
 * Takes the signals that have come to the descriptor, and ends what they end,
 * watches included.  Returns how many they were; never waits.  -EINVAL: there
 * is no descriptor.
 */
BELAY_API BELAY_NONNULL(1)
int belay_signals_run(struct belay_signals *signals);

/*
 * Returns the first signal that came, or 0 if none has.  When soft has been
 * ended by a signal, or signals was given back, that is known.  To leave as a
 * shell expects, raise(3) it once signals was given back.
 */
BELAY_API BELAY_NONNULL(1)
int belay_signals_received(const struct belay_signals *signals);

/*
 * Gives signals back: what was installed before comes back, what has come
 * until then has been counted, and both contexts are canceled and given back.
 */
BELAY_API BELAY_NONNULL(1)
void belay_signals_end(struct belay_signals *signals);

/* --- For wrappers: as the above, with a place to give -------------------- */

BELAY_API BELAY_MUST_USE BELAY_NONNULL(1, 2)
int belay_trigger_begin_at(struct belay_trigger *trigger, belay_ctx *ctx,
                           int code, const char *text, const char *where);
BELAY_API BELAY_NONNULL(1)
int belay_signals_begin_at(struct belay_signals *signals,
                           const belay_ctx *parent, const sigset_t *set,
                           const char *where);
BELAY_API BELAY_NONNULL(1)
int belay_signals_begin_fd_at(struct belay_signals *signals,
                              const belay_ctx *parent, const sigset_t *set,
                              const char *where);

#define belay_trigger_begin(trigger, ctx, code, text) \
    belay_trigger_begin_at(trigger, ctx, code, text, BELAY_HERE)
#define belay_signals_begin(signals, parent, set) \
    belay_signals_begin_at(signals, parent, set, BELAY_HERE)
#define belay_signals_begin_fd(signals, parent, set) \
    belay_signals_begin_fd_at(signals, parent, set, BELAY_HERE)

#endif
