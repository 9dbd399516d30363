/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"
#include "race.h"

#include <belay/idle.h>

/* A limit that passes while something else happens. */

static const belay_duration limit = 30 * BELAY_SECOND;

struct stalling {
    belay_ctx *ctx;
};

static void prepare(void *arg)
{
    struct stalling *stalling = arg;
    stalling->ctx = belay_with_idle(NULL, limit);
    fake_clock_move(limit - 1);
    belay_progress(stalling->ctx, 1);
    fake_clock_move(1);
}

static void run_clock(void *arg)
{
    (void)arg;
    belay_clock_run();
}

static void end(void *arg)
{
    struct stalling *stalling = arg;
    belay_end(stalling->ctx);
}

static void nothing_is_due(void *arg)
{
    (void)arg;
    fake_clock_move(limit);
    CHECK(belay_clock_run() == 0);
}

TEST(giving_it_back_races_with_setting_the_limit_anew)
{
    struct stalling stalling;
    run_race((struct race){prepare, run_clock, end, nothing_is_due, &stalling},
             RACES);
}

static void prepare_overdue(void *arg)
{
    struct stalling *stalling = arg;
    stalling->ctx = belay_with_idle(NULL, limit);
    fake_clock_move(limit);
}

TEST(giving_it_back_races_with_its_end)
{
    struct stalling stalling;
    run_race((struct race){prepare_overdue, run_clock, end, nothing_is_due,
                           &stalling},
             RACES);
}

static void progress(void *arg)
{
    struct stalling *stalling = arg;
    belay_progress(stalling->ctx, 1);
}

static void it_has_ended_or_goes_on(void *arg)
{
    struct stalling *stalling = arg;
    int err = belay_err(stalling->ctx);
    fake_clock_move(limit - 1);
    CHECK(belay_clock_run() == 0 && belay_err(stalling->ctx) == err);
    fake_clock_move(1);
    CHECK(belay_clock_run() == (err == 0 ? 1 : 0));
    CHECK(belay_err(stalling->ctx) == BELAY_CANCELED);
    belay_end(stalling->ctx);
}

TEST(progress_races_with_the_limit)
{
    struct stalling stalling;
    run_race((struct race){prepare_overdue, run_clock, progress,
                           it_has_ended_or_goes_on, &stalling},
             RACES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(giving_it_back_races_with_setting_the_limit_anew),
        cmocka_unit_test(giving_it_back_races_with_its_end),
        cmocka_unit_test(progress_races_with_the_limit),
    };
    watchdog();
    fake_clock_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_clock_stop();
    return failed;
}
