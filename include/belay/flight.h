/* SPDX-License-Identifier: MIT */
#ifndef BELAY_FLIGHT_H
#define BELAY_FLIGHT_H

/*
 * Shared work: whoever asks for the same thing at the same time shares one
 * flight, and each waits under a context of its own.
 *
 *     struct belay_flight *flight;
 *     int err = belay_flight_join(ctx, flights, name, strlen(name), &flight);
 *     if (err < 0)
 *         return err;
 *     use(flight->result);
 *     belay_flight_leave(flight);
 *
 * Who leaves early, because its context ends, disturbs nobody; when the last
 * has left, the flight is canceled, and who comes later starts another.  A
 * flight that has landed is not joined any more: this is no cache.
 *
 * All may be called from any thread.  NULL flights, for want of memory, refuse
 * with -ENOMEM.  In the child of a fork() those of the parent refuse, -ECHILD.
 */

#include <belay/belay.h>

typedef struct belay_flights belay_flights;

/* What the flights do: it follows from the key alone. */
struct belay_flight_plan {
    /*
     * Brings *ret_result, and returns 0 or a count; or a negative errno, and
     * nothing.  Runs on a thread of the flights, of which each flight has one.
     *
     * ctx ends when nobody waits any more.  It has the values of whoever came
     * first, and neither its end nor its deadline: those who came later have
     * theirs.  The key is a copy, and valid until it returns.
     */
    int (*fly)(const belay_ctx *ctx, const void *key, size_t size, void *arg,
               void **ret_result);
    void *arg;

    /* Gives back a result, once, when the last has left.  NULL: nothing to. */
    void (*destroy)(void *result);
};

/* Returns a place for flights of one kind. */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(1)
belay_flights *belay_flights_start(const struct belay_flight_plan *plan);

/* One that has landed: of all who joined, to read until each has left. */
struct belay_flight {
    void *result;
};

/*
 * Joins the flight for a key of `size` bytes, or starts it, and waits until it
 * has landed.
 *
 * Returns what it returned.  Unless that is negative, *ret_flight is the
 * caller's, to be given back with belay_flight_leave().  Negative: belay_err(ctx)
 * if ctx ended before; -ENOMEM; -EAGAIN, no thread; -EDEADLK, from within the
 * flight for this very key, which would wait for itself.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(5)
int belay_flight_join(const belay_ctx *ctx, belay_flights *flights,
                      const void *key, size_t size,
                      struct belay_flight **ret_flight);

/* Gives back what belay_flight_join() gave.  NULL is fine. */
BELAY_API void belay_flight_leave(struct belay_flight *flight);

/*
 * Whoever comes from now on starts another flight for the key: what it brings
 * has changed.  Those who wait for the present one get what it brings.
 */
BELAY_API void belay_flights_forget(belay_flights *flights, const void *key,
                                    size_t size);

/*
 * Gives back the flights, from which everybody has left.  Waits for those that
 * have been canceled and not come back yet.  NULL is fine.
 */
BELAY_API void belay_flights_end(belay_flights *flights);

#endif
