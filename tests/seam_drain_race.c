/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"
#include "race.h"

#include <belay/drain.h>

/* Two stages of an end, at once with other things. */

static const belay_duration grace = 10 * BELAY_SECOND;

struct draining {
    belay_ctx *server;
    int begun;
};

static void prepare(void *arg)
{
    struct draining *draining = arg;
    draining->server = belay_with_drain(NULL);
    draining->begun = 0;
}

static void drain(void *arg)
{
    struct draining *draining = arg;
    if (belay_drain(draining->server, grace))
        __atomic_fetch_add(&draining->begun, 1, __ATOMIC_RELAXED);
}

static void one_has_begun(void *arg)
{
    struct draining *draining = arg;
    CHECK(draining->begun == 1 && belay_is_draining(draining->server));
    belay_end(draining->server);
}

TEST(of_two_that_drain_one_begins)
{
    struct draining draining;
    run_race((struct race){prepare, drain, drain, one_has_begun, &draining},
             RACES);
}

static void prepare_the_last_moment(void *arg)
{
    prepare(arg);
    drain(arg);
    fake_clock_move(grace);
}

static void run_clock(void *arg)
{
    (void)arg;
    belay_clock_run();
}

static void end(void *arg)
{
    struct draining *draining = arg;
    belay_end(draining->server);
}

static void nothing_is_due(void *arg)
{
    (void)arg;
    CHECK(belay_clock_run() == 0);
}

TEST(giving_it_back_races_with_the_hard_end)
{
    struct draining draining;
    run_race((struct race){prepare_the_last_moment, run_clock, end,
                           nothing_is_due, &draining},
             RACES);
}

struct accepting {
    struct draining draining;
    belay_ctx *ctx;
};

static void accept_more(void *arg)
{
    struct accepting *accepting = arg;
    accepting->ctx = belay_with_soft_end(accepting->draining.server);
}

static void no_more_is_accepted(void *arg)
{
    struct accepting *accepting = arg;
    CHECK(belay_err(accepting->ctx) == BELAY_CANCELED);
    assert_string_equal(belay_cause(accepting->ctx)->text, "draining");
    belay_end(accepting->ctx);
    belay_end(accepting->draining.server);
}

TEST(draining_races_with_those_who_begin_to_accept)
{
    struct accepting accepting; /* its first member is what the others take */
    run_race((struct race){prepare, drain, accept_more, no_more_is_accepted,
                           &accepting},
             RACES);
    run_race((struct race){prepare, accept_more, drain, no_more_is_accepted,
                           &accepting},
             RACES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_that_drain_one_begins),
        cmocka_unit_test(giving_it_back_races_with_the_hard_end),
        cmocka_unit_test(draining_races_with_those_who_begin_to_accept),
    };
    watchdog();
    fake_clock_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_clock_stop();
    return failed;
}
