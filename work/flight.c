/* SPDX-License-Identifier: MIT */

#include <belay/flight.h>

#include "group.h"
#include "memory.h"

#include <string.h>

enum { BUCKETS = 256 };

/* Guarded by the mutex of its flights, but for what a landed one brought. */
struct flight {
    struct belay_flight shown; /* first: it is what the passengers see */
    belay_flights *flights;
    struct flight *next, **link; /* in its bucket; link is NULL: in none */
    belay_ctx *ctx;              /* fly() ends it */
    pthread_cond_t changed;      /* landed, or the end of a passenger's ctx */
    size_t passengers;
    bool is_over; /* fly() will not touch it any more */
    bool has_landed;
    int err;
    size_t size;
    char key[];
};

struct belay_flights {
    struct belay_flight_plan plan;
    belay_group *group;
    pthread_mutex_t mutex; /* taken before the group's */
    struct flight *buckets[BUCKETS];
};

static _Thread_local const struct flight *flying_here;

belay_flights *belay_flights_start(const struct belay_flight_plan *plan)
{
    static const struct belay_group_rules rules = {.until = BELAY_UNTIL_DONE};
    belay_flights *flights = belay__zeros(sizeof *flights);
    belay_group *group = belay_group_start(NULL, &rules);
    if (flights == NULL || group == NULL) {
        belay_group_end(group);
        free(flights);
        return NULL;
    }
    flights->plan = *plan;
    flights->group = group;
    pthread_mutex_init(&flights->mutex, NULL);
    return flights;
}

/* --- Finding: under the mutex ------------------------------------------- */

/* FNV-1a */
static struct flight **bucket_of(belay_flights *flights, const void *key,
                                 size_t size)
{
    const unsigned char *bytes = key;
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; ++i)
        hash = (hash ^ bytes[i]) * 16777619U;
    return &flights->buckets[hash % BUCKETS];
}

static struct flight *find(struct flight *flight, const void *key, size_t size)
{
    for (; flight != NULL; flight = flight->next)
        if (flight->size == size &&
            (size == 0 || memcmp(flight->key, key, size) == 0))
            break;
    return flight;
}

static void list(struct flight *flight, struct flight **bucket)
{
    flight->next = *bucket;
    flight->link = bucket;
    if (flight->next != NULL)
        flight->next->link = &flight->next;
    *bucket = flight;
}

/* Nobody joins it from here on. */
static void unlist(struct flight *flight)
{
    if (flight->link == NULL)
        return;
    *flight->link = flight->next;
    if (flight->next != NULL)
        flight->next->link = flight->link;
    flight->link = NULL;
}

/* --- Flying ------------------------------------------------------------- */

static void destroy(struct flight *flight)
{
    void (*destroy_result)(void *) = flight->flights->plan.destroy;
    if (destroy_result != NULL && flight->err >= 0)
        destroy_result(flight->shown.result);
    pthread_cond_destroy(&flight->changed);
    free(flight);
}

/* Under the mutex, which it releases: destroys it behind the last. */
static void release(struct flight *flight)
{
    bool is_last = flight->passengers == 0 && flight->is_over;
    pthread_mutex_unlock(&flight->flights->mutex);
    if (is_last)
        destroy(flight);
}

static void land(struct flight *flight, int err)
{
    flying_here = NULL;
    pthread_mutex_lock(&flight->flights->mutex);
    unlist(flight);
    flight->err = err;
    flight->has_landed = true;
    pthread_cond_broadcast(&flight->changed);
    belay_ctx *ctx = flight->ctx; /* who cancels it holds it */
    flight->is_over = true;
    release(flight);
    belay_end(ctx);
}

/* fly() has called pthread_exit(). */
static void crash(void *flight)
{
    land(flight, BELAY_CANCELED);
}

static int fly(const belay_ctx *group_ctx, void *arg)
{
    struct flight *flight = arg;
    const struct belay_flight_plan *plan = &flight->flights->plan;
    (void)group_ctx;
    flying_here = flight;
    pthread_cleanup_push(crash, flight);
    flight->err = plan->fly(flight->ctx, flight->key, flight->size, plan->arg,
                            &flight->shown.result);
    pthread_cleanup_pop(0);
    land(flight, flight->err);
    return 0;
}

/* Under the mutex: 0 or negative. */
static int take_off(const belay_ctx *ctx, belay_flights *flights,
                    const void *key, size_t size, struct flight **ret_flight)
{
    struct flight *flight = size <= SIZE_MAX - sizeof *flight
                                ? belay__zeros(sizeof *flight + size)
                                : NULL;
    if (flight == NULL)
        return -ENOMEM;
    flight->flights = flights;
    flight->size = size;
    if (size > 0)
        memcpy(flight->key, key, size);
    pthread_cond_init(&flight->changed, NULL);
    belay_ctx *detached = belay_without_cancel(ctx);
    flight->ctx = belay_with_cancel(detached);
    belay_end(detached);

    int err = belay_err(flight->ctx);
    if (err == 0)
        err = belay_group_go(flights->group, fly, flight);
    if (err != 0) {
        belay_end(flight->ctx);
        pthread_cond_destroy(&flight->changed);
        free(flight);
        return err;
    }
    *ret_flight = flight;
    return 0;
}

/* --- Passengers --------------------------------------------------------- */

/* Under the mutex: 0 or negative. */
static int board(const belay_ctx *ctx, belay_flights *flights, const void *key,
                 size_t size, struct flight **ret_flight)
{
    struct flight **bucket = bucket_of(flights, key, size);
    struct flight *flight = find(*bucket, key, size);
    if (flight != NULL && flight == flying_here)
        return -EDEADLK;
    if (flight == NULL) {
        int err = take_off(ctx, flights, key, size, &flight);
        if (err != 0)
            return err;
        list(flight, bucket);
    }
    ++flight->passengers;
    *ret_flight = flight;
    return 0;
}

static void wake(void *arg, int err)
{
    struct flight *flight = arg;
    (void)err;
    pthread_mutex_lock(&flight->flights->mutex);
    pthread_cond_broadcast(&flight->changed);
    pthread_mutex_unlock(&flight->flights->mutex);
}

/* Without the mutex, which it takes: whether it has landed. */
static bool await_landing(const belay_ctx *ctx, struct flight *flight)
{
    struct belay_watch watch = {0};
    pthread_mutex_t *mutex = &flight->flights->mutex;
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    belay_watch(ctx, &watch, wake, flight);
    pthread_mutex_lock(mutex);
    while (!flight->has_landed && belay_err(ctx) == 0)
        pthread_cond_wait(&flight->changed, mutex);
    bool has_landed = flight->has_landed;
    pthread_mutex_unlock(mutex);
    belay_unwatch(&watch);
    pthread_setcancelstate(before, &before);
    return has_landed;
}

static void leave(struct flight *flight)
{
    const belay_ctx *canceled = NULL;
    pthread_mutex_lock(&flight->flights->mutex);
    belay_ctx *ctx = flight->ctx;
    if (--flight->passengers == 0 && !flight->has_landed) {
        unlist(flight);
        canceled = belay_ref(ctx);
    }
    release(flight);
    if (canceled != NULL)
        belay_cancel_cause(ctx, 0, "nobody waits for it");
    belay_unref(canceled);
}

int belay_flight_join(const belay_ctx *ctx, belay_flights *flights,
                      const void *key, size_t size,
                      struct belay_flight **ret_flight)
{
    if (flights == NULL)
        return -ENOMEM;
    if (belay__group_is_inherited(flights->group))
        return -ECHILD;
    if (belay_err(ctx) != 0)
        return belay_err(ctx);
    struct flight *flight;
    pthread_mutex_lock(&flights->mutex);
    int err = board(ctx, flights, key, size, &flight);
    pthread_mutex_unlock(&flights->mutex);
    if (err != 0)
        return err;
    bool has_landed = await_landing(ctx, flight);
    err = has_landed ? flight->err : belay_err(ctx);
    if (err < 0)
        leave(flight);
    else
        *ret_flight = &flight->shown;
    return err;
}

void belay_flight_leave(struct belay_flight *flight)
{
    if (flight != NULL)
        leave((struct flight *)flight);
}

void belay_flights_forget(belay_flights *flights, const void *key, size_t size)
{
    if (flights == NULL || belay__group_is_inherited(flights->group))
        return;
    pthread_mutex_lock(&flights->mutex);
    struct flight *flight = find(*bucket_of(flights, key, size), key, size);
    if (flight != NULL)
        unlist(flight);
    pthread_mutex_unlock(&flights->mutex);
}

void belay_flights_end(belay_flights *flights)
{
    if (flights == NULL)
        return;
    bool is_inherited = belay__group_is_inherited(flights->group);
    belay_group_end(flights->group);
    if (!is_inherited)
        pthread_mutex_destroy(&flights->mutex);
    free(flights);
}
