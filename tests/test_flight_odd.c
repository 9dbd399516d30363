/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/flight.h>

/* Flights that do what they should not. */

struct work {
    belay_flights *flights;
    int rejoined;
};

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

static int join_itself(const belay_ctx *ctx, const void *key, size_t size,
                       void *arg, void **ret_result)
{
    struct work *work = arg;
    struct belay_flight *flight;
    (void)ret_result;
    work->rejoined = belay_flight_join(ctx, work->flights, key, size, &flight);
    return 0;
}

TEST(a_flight_cannot_wait_for_itself)
{
    struct work work = {0};
    const struct belay_flight_plan plan = {join_itself, &work, NULL};
    work.flights = belay_flights_start(&plan);
    struct passenger one = {NULL, work.flights, "key", NULL, 0};

    travel(&one);

    CHECK(one.err == 0 && one.flight->result == NULL);
    CHECK(work.rejoined == -EDEADLK);
    belay_flight_leave(one.flight);
    belay_flights_end(work.flights);
}

static int leave_the_thread(const belay_ctx *ctx, const void *key, size_t size,
                            void *arg, void **ret_result)
{
    (void)ctx;
    (void)key;
    (void)size;
    (void)arg;
    (void)ret_result;
    pthread_exit(NULL);
}

/* X7 */
TEST(a_flight_that_leaves_its_thread_has_failed)
{
    const struct belay_flight_plan plan = {leave_the_thread, NULL, NULL};
    belay_flights *flights = belay_flights_start(&plan);
    struct passenger one = {NULL, flights, "key", NULL, 0};

    travel(&one);

    CHECK(one.err == BELAY_CANCELED && one.flight == NULL);
    belay_flights_end(flights);
}

TEST(no_flights_refuse)
{
    struct belay_flight *flight;

    CHECK(belay_flight_join(NULL, NULL, "key", 3, &flight) == -ENOMEM);
    belay_flights_forget(NULL, "key", 3);
    belay_flight_leave(NULL);
    belay_flights_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flight_cannot_wait_for_itself),
        cmocka_unit_test(a_flight_that_leaves_its_thread_has_failed),
        cmocka_unit_test(no_flights_refuse),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
