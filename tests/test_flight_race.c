/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "race.h"

#include <belay/flight.h>

/* Flights that are joined and left at once. */

struct work {
    belay_flights *flights;
    atomic_int flown;
    atomic_int destroyed;
};

static void count_destroyed(void *result)
{
    atomic_fetch_add((atomic_int *)result, 1);
}

struct passenger {
    const belay_ctx *ctx;
    belay_flights *flights;
    const char *key;
    struct belay_flight *flight;
    int err;
};

static void *travel(void *arg)
{
    struct passenger *self = arg;
    self->err = belay_flight_join(self->ctx, self->flights, self->key,
                                  strlen(self->key), &self->flight);
    return NULL;
}

static int land_at_once(const belay_ctx *ctx, const void *key, size_t size,
                        void *arg, void **ret_result)
{
    struct work *work = arg;
    (void)ctx;
    (void)key;
    (void)size;
    atomic_fetch_add(&work->flown, 1);
    *ret_result = &work->destroyed;
    return 0;
}

struct journey {
    struct work work;
    struct passenger one;
    struct passenger two;
    belay_ctx *ctx;
    int canceled;
};

static void prepare(void *arg)
{
    struct journey *journey = arg;
    journey->ctx = belay_with_cancel(NULL);
    journey->one =
        (struct passenger){journey->ctx, journey->work.flights, "key", NULL, 0};
    journey->two =
        (struct passenger){NULL, journey->work.flights, "key", NULL, 0};
}

static void travel_one(void *arg)
{
    travel(&((struct journey *)arg)->one);
}

static void travel_two(void *arg)
{
    travel(&((struct journey *)arg)->two);
    belay_flight_leave(((struct journey *)arg)->two.flight);
}

static void cancel_one(void *arg)
{
    belay_cancel(((struct journey *)arg)->ctx);
}

static void end_journey(void *arg)
{
    struct journey *journey = arg;
    CHECK(journey->two.err == 0);
    CHECK(journey->one.err == 0 || journey->one.err == BELAY_CANCELED);
    CHECK((journey->one.err == 0) == (journey->one.flight != NULL));
    journey->canceled += journey->one.err != 0;
    belay_flight_leave(journey->one.flight);
    belay_end(journey->ctx);
}

static void fly_against(void (*other)(void *))
{
    struct journey journey = {.canceled = 0};
    const struct belay_flight_plan plan = {land_at_once, &journey.work,
                                           count_destroyed};
    journey.work.flights = belay_flights_start(&plan);
    run_race((struct race){prepare, travel_one, other, end_journey, &journey},
             RACES / 10);
    belay_flights_end(journey.work.flights);
    CHECK(journey.work.destroyed == journey.work.flown);
}

TEST(joining_races_with_the_end_of_the_context)
{
    fly_against(cancel_one);
}

TEST(joining_races_with_joining_and_leaving)
{
    fly_against(travel_two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_races_with_the_end_of_the_context),
        cmocka_unit_test(joining_races_with_joining_and_leaving),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
