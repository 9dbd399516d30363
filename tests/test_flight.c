/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/flight.h>

/* Shared work.  The ids are those of Go's cases for singleflight. */

static const struct belay_key request_key = {"request", NULL};

/* What a flight does, and what is seen of it. */
struct work {
    sem_t entered;
    sem_t leave;
    bool waits_for_end;
    int err;
    atomic_int flown;
    atomic_int destroyed;
    int end;       /* what ended it */
    void *request; /* the value of whoever came first */
    char key[16];
    belay_flights *flights;
};

static int fly(const belay_ctx *ctx, const void *key, size_t size, void *arg,
               void **ret_result)
{
    struct work *work = arg;
    memcpy(work->key, key, size);
    work->request = NULL;
    belay_value(ctx, &request_key, &work->request);
    atomic_fetch_add(&work->flown, 1);
    bool waits_for_end = work->waits_for_end;
    sem_post(&work->entered);
    if (waits_for_end)
        work->end = belay_wait(ctx);
    await(&work->leave);
    if (work->err == 0)
        *ret_result = &work->destroyed;
    return work->err;
}

static void count_destroyed(void *result)
{
    atomic_fetch_add((atomic_int *)result, 1);
}

static belay_flights *begin(struct work *work)
{
    *work = (struct work){0};
    sem_init(&work->entered, 0, 0);
    sem_init(&work->leave, 0, 0);
    const struct belay_flight_plan plan = {fly, work, count_destroyed};
    work->flights = belay_flights_start(&plan);
    CHECK(work->flights != NULL);
    return work->flights;
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

/* XS12: TestDo */
TEST(a_flight_brings_its_result_which_is_destroyed_once)
{
    struct work work;
    struct passenger one = {NULL, begin(&work), "key", NULL, 0};
    sem_post(&work.leave);

    travel(&one);

    CHECK(one.err == 0 && one.flight->result == &work.destroyed);
    assert_string_equal(work.key, "key");
    CHECK(work.destroyed == 0);
    belay_flight_leave(one.flight);
    CHECK(work.destroyed == 1);
    belay_flights_end(work.flights);
}

/* XS12: TestDoErr */
TEST(a_flight_that_fails_brings_its_error_and_no_result)
{
    struct work work;
    struct passenger one = {NULL, begin(&work), "key", NULL, 0};
    work.err = -EIO;
    sem_post(&work.leave);

    travel(&one);

    CHECK(one.err == -EIO && one.flight == NULL);
    belay_flights_end(work.flights);
    CHECK(work.destroyed == 0);
}

enum { MANY = 10 };

/* Waits until that many have joined: all of them are waited for by name. */
static void await_sleepers(pthread_t *threads, struct passenger *all,
                           struct work *work)
{
    for (int i = 0; i < MANY; ++i) {
        all[i] = (struct passenger){NULL, work->flights, "key", NULL, 0};
        threads[i] = start(travel, &all[i]);
    }
    await(&work->entered);
}

/* XS12: TestDoDupSuppress */
TEST(those_who_come_together_share_one_flight)
{
    struct work work;
    begin(&work);
    pthread_t threads[MANY];
    struct passenger all[MANY];
    await_sleepers(threads, all, &work);
    struct passenger last = {NULL, work.flights, "key", NULL, 0};
    pthread_t other = start(travel, &last);

    for (int i = 0; i <= MANY; ++i)
        sem_post(&work.leave); /* as many flights as there may be at most */

    join(other);
    for (int i = 0; i < MANY; ++i) {
        join(threads[i]);
        CHECK(all[i].err == 0 && all[i].flight->result == &work.destroyed);
        belay_flight_leave(all[i].flight);
    }
    belay_flight_leave(last.flight);
    CHECK(work.flown >= 1 && work.destroyed == work.flown);
    belay_flights_end(work.flights);
}

TEST(other_keys_have_other_flights)
{
    struct work work;
    const char *const keys[] = {"", "a", "b", "aa"};
    struct passenger all[LENGTH(keys)];
    pthread_t threads[LENGTH(keys)];
    begin(&work);
    for (size_t i = 0; i < LENGTH(keys); ++i) {
        all[i] = (struct passenger){NULL, work.flights, keys[i], NULL, 0};
        threads[i] = start(travel, &all[i]);
        await(&work.entered);
    }

    for (size_t i = 0; i < LENGTH(keys); ++i)
        sem_post(&work.leave);

    for (size_t i = 0; i < LENGTH(keys); ++i) {
        join(threads[i]);
        belay_flight_leave(all[i].flight);
    }
    CHECK(work.flown == LENGTH(keys) && work.destroyed == LENGTH(keys));
    belay_flights_end(work.flights);
}

/* XS12: TestForget */
TEST(after_forget_another_flight_is_started)
{
    struct work work;
    struct passenger one = {NULL, begin(&work), "key", NULL, 0};
    struct passenger two = one;
    pthread_t first = start(travel, &one);
    await(&work.entered);

    belay_flights_forget(work.flights, "key", 3);
    belay_flights_forget(work.flights, "none", 4);
    pthread_t second = start(travel, &two);
    await(&work.entered);

    sem_post(&work.leave);
    sem_post(&work.leave);
    join(first);
    join(second);
    CHECK(work.flown == 2 && one.err == 0 && two.err == 0);
    belay_flight_leave(one.flight);
    belay_flight_leave(two.flight);
    belay_flights_end(work.flights);
}

/* --- Leaving ------------------------------------------------------------ */

TEST(the_last_who_leaves_cancels_and_who_comes_later_starts_anew)
{
    struct work work;
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct passenger one = {ctx, begin(&work), "key", NULL, 0};
    struct passenger two = {NULL, work.flights, "key", NULL, 0};
    work.waits_for_end = true;
    pthread_t first = start(travel, &one);
    await(&work.entered);

    belay_cancel(ctx);
    join(first);
    CHECK(one.err == BELAY_CANCELED && one.flight == NULL);
    work.waits_for_end = false;
    pthread_t second = start(travel, &two);
    await(&work.entered);
    sem_post(&work.leave);
    sem_post(&work.leave);
    join(second);

    CHECK(two.err == 0 && work.flown == 2);
    belay_flight_leave(two.flight);
    belay_flights_end(work.flights);
    CHECK(work.end == BELAY_CANCELED && work.destroyed == 2);
    belay_end(ctx);
}

/* The first has left when the second, in the same flight, still waits. */
TEST(who_leaves_early_disturbs_nobody)
{
    struct work work;
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct passenger one = {ctx, begin(&work), "key", NULL, 0};
    struct passenger two = {NULL, work.flights, "key", NULL, 0};
    pthread_t first = start(travel, &one);
    await(&work.entered);
    pthread_t second = start(travel, &two);

    belay_cancel(ctx);
    join(first);
    sem_post(&work.leave);
    sem_post(
        &work.leave); /* should the second have come after the first left */
    join(second);

    CHECK(one.err == BELAY_CANCELED && two.err == 0);
    belay_flight_leave(two.flight);
    belay_flights_end(work.flights);
    CHECK(work.destroyed == work.flown);
    belay_end(ctx);
}

TEST(a_flight_has_the_values_of_the_first_and_not_its_deadline)
{
    struct work work;
    int request;
    belay_ctx *value = belay_with_value(NULL, &request_key, &request);
    belay_ctx *ctx = belay_with_timeout(value, BELAY_HOUR);
    struct passenger one = {ctx, begin(&work), "key", NULL, 0};
    sem_post(&work.leave);

    travel(&one);

    CHECK(one.err == 0 && work.request == &request);
    belay_flight_leave(one.flight);
    belay_flights_end(work.flights);
    belay_end(ctx);
    belay_end(value);
}

TEST(an_ended_context_starts_no_flight)
{
    struct work work;
    belay_ctx *late = belay_with_timeout(NULL, 0);
    struct passenger one = {late, begin(&work), "key", NULL, 0};

    travel(&one);

    CHECK(one.err == BELAY_DEADLINE_EXCEEDED && work.flown == 0);
    belay_flights_end(work.flights);
    belay_end(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flight_brings_its_result_which_is_destroyed_once),
        cmocka_unit_test(a_flight_that_fails_brings_its_error_and_no_result),
        cmocka_unit_test(those_who_come_together_share_one_flight),
        cmocka_unit_test(other_keys_have_other_flights),
        cmocka_unit_test(after_forget_another_flight_is_started),
        cmocka_unit_test(
            the_last_who_leaves_cancels_and_who_comes_later_starts_anew),
        cmocka_unit_test(who_leaves_early_disturbs_nobody),
        cmocka_unit_test(
            a_flight_has_the_values_of_the_first_and_not_its_deadline),
        cmocka_unit_test(an_ended_context_starts_no_flight),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
