/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

#include <belay/drain.h>

/* Two stages of an end, on a clock that the test moves. */

static const belay_duration grace = 10 * BELAY_SECOND;

TEST(draining_is_the_soft_end_and_the_grace_is_the_hard_end)
{
    belay_ctx *server = belay_with_drain(NULL);
    belay_ctx *request = belay_with_cancel(server);
    belay_ctx *accepting = belay_with_soft_end(request);
    CHECK(!belay_is_draining(request) && belay_err(accepting) == 0);

    CHECK(belay_drain_at(server, grace, "here.c:1"));
    CHECK(belay_is_draining(request) && belay_err(accepting) == BELAY_CANCELED);
    assert_string_equal(belay_cause(accepting)->text, "draining");
    assert_string_equal(belay_cause(accepting)->where, "here.c:1");
    fake_clock_advance(grace - 1);
    CHECK(belay_err(request) == 0);
    fake_clock_advance(1);

    CHECK(belay_err(request) == BELAY_CANCELED);
    CHECK(belay_cause(request)->code == BELAY_DEADLINE_EXCEEDED);
    assert_string_equal(belay_cause(request)->text, "grace is over");
    belay_end(accepting);
    belay_end(request);
    belay_end(server);
}

TEST(without_a_grace_both_ends_come_at_once)
{
    const belay_duration graces[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < LENGTH(graces); ++i) {
        belay_ctx *server = belay_with_drain(NULL);

        CHECK(belay_drain(server, graces[i]));

        CHECK(belay_is_draining(server) && belay_err(server) != 0);
        belay_end(server);
    }
}

TEST(with_a_grace_for_ever_the_hard_end_does_not_come)
{
    belay_ctx *server = belay_with_drain(NULL);

    CHECK(belay_drain(server, BELAY_FOREVER));
    fake_clock_advance(BELAY_HOUR);

    CHECK(belay_is_draining(server) && belay_err(server) == 0);
    belay_end(server);
}

TEST(of_several_graces_the_earliest_end_counts)
{
    belay_ctx *server = belay_with_drain(NULL);
    CHECK(belay_drain(server, BELAY_FOREVER));
    CHECK(!belay_drain(server, grace));
    CHECK(!belay_drain(server, 2 * grace));
    CHECK(!belay_drain(server, grace - 1));

    fake_clock_advance(grace - 2);
    CHECK(belay_err(server) == 0);
    fake_clock_advance(1);

    CHECK(belay_err(server) == BELAY_CANCELED);
    belay_end(server);
}

/* --- Four levels -------------------------------------------------------- */

enum { LEVELS = 4 };

/* Each in a child of the one before, that knows of nothing. */
struct tower {
    belay_ctx *scope[LEVELS];
    belay_ctx *between[LEVELS];
    belay_ctx *soft[LEVELS];
};

static void build(struct tower *tower)
{
    const belay_ctx *parent = NULL;
    for (int i = 0; i < LEVELS; ++i) {
        tower->scope[i] = belay_with_drain(parent);
        tower->between[i] = belay_with_timeout(tower->scope[i], BELAY_HOUR);
        tower->soft[i] = belay_with_soft_end(tower->between[i]);
        parent = tower->between[i];
    }
}

static void demolish(struct tower *tower)
{
    for (int i = LEVELS; i-- > 0;) {
        belay_end(tower->soft[i]);
        belay_end(tower->between[i]);
        belay_end(tower->scope[i]);
    }
}

/* How many levels, from the top, are live: soft, and hard. */
static int live_soft(const struct tower *tower)
{
    int live = 0;
    while (live < LEVELS && belay_err(tower->soft[live]) == 0 &&
           !belay_is_draining(tower->between[live]))
        ++live;
    return live;
}

static int live_hard(const struct tower *tower)
{
    int live = 0;
    while (live < LEVELS && belay_err(tower->between[live]) == 0)
        ++live;
    return live;
}

TEST(to_drain_a_scope_drains_all_below_and_none_above)
{
    for (int level = 0; level < LEVELS; ++level) {
        struct tower tower;
        build(&tower);

        CHECK(belay_drain(tower.scope[level], grace));
        CHECK(live_soft(&tower) == level && live_hard(&tower) == LEVELS);
        for (int i = level; i < LEVELS; ++i)
            CHECK(belay_err(tower.soft[i]) == BELAY_CANCELED);
        fake_clock_advance(grace);

        CHECK(live_hard(&tower) == level);
        for (int i = level; i < LEVELS; ++i)
            CHECK(belay_err(tower.between[i]) == BELAY_CANCELED);
        demolish(&tower);
    }
}

TEST(a_scope_ends_with_the_earliest_grace_of_its_own_and_those_above)
{
    struct tower tower;
    build(&tower);
    CHECK(belay_drain(tower.scope[3], grace));
    CHECK(belay_drain(tower.scope[1], 2 * grace));
    CHECK(!belay_drain(tower.scope[2], 3 * grace));
    CHECK(belay_drain(tower.scope[0], 4 * grace));

    fake_clock_advance(grace);
    CHECK(live_hard(&tower) == 3);
    fake_clock_advance(grace);
    CHECK(live_hard(&tower) == 1);
    fake_clock_advance(2 * grace);

    CHECK(live_hard(&tower) == 0);
    demolish(&tower);
}

/* --- Whose right it is -------------------------------------------------- */

TEST(only_the_scope_itself_can_be_drained)
{
    belay_ctx *server = belay_with_drain(NULL);
    belay_ctx *request = belay_with_cancel(server);
    belay_ctx *plain = belay_with_cancel(NULL);

    CHECK(!belay_drain(request, 0) && !belay_drain(plain, 0));

    CHECK(!belay_is_draining(server) && belay_err(plain) == 0);
    belay_end(plain);
    belay_end(request);
    belay_end(server);
}

TEST(what_has_ended_is_draining_and_cannot_be_drained)
{
    belay_ctx *server = belay_with_drain(NULL);
    belay_ctx *accepting = belay_with_soft_end(server);
    CHECK(belay_cancel(server));

    CHECK(belay_is_draining(server) && belay_err(accepting) == BELAY_CANCELED);
    CHECK(!belay_drain(server, grace));

    belay_end(accepting);
    belay_end(server);
}

TEST(without_a_scope_the_soft_end_is_the_end)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *accepting = belay_with_soft_end(ctx);
    CHECK(!belay_is_draining(NULL) && !belay_is_draining(ctx));

    belay_cancel_cause(ctx, -EPIPE, "client left");

    CHECK(belay_is_draining(ctx) && belay_cause(accepting)->code == -EPIPE);
    belay_end(accepting);
    belay_end(ctx);
}

/* --- Giving back -------------------------------------------------------- */

static void give_back(void *arg, int err)
{
    (void)err;
    belay_end(arg);
}

TEST(a_scope_may_be_given_back_from_a_watch_of_either_end)
{
    const belay_duration graces[] = {0, grace};
    for (size_t i = 0; i < LENGTH(graces); ++i) {
        belay_ctx *server = belay_with_drain(NULL);
        struct belay_watch watch;
        CHECK(belay_watch(server, &watch, give_back, server));

        CHECK(belay_drain(server, graces[i]));
        fake_clock_advance(grace);

        CHECK(!belay_unwatch(&watch));
    }
}

TEST(a_scope_that_is_given_back_leaves_no_alarm)
{
    belay_ctx *server = belay_with_drain(NULL);
    CHECK(belay_drain(server, grace));

    belay_end(server);

    CHECK(fake_clock_advance(grace) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            draining_is_the_soft_end_and_the_grace_is_the_hard_end),
        cmocka_unit_test(without_a_grace_both_ends_come_at_once),
        cmocka_unit_test(with_a_grace_for_ever_the_hard_end_does_not_come),
        cmocka_unit_test(of_several_graces_the_earliest_end_counts),
        cmocka_unit_test(to_drain_a_scope_drains_all_below_and_none_above),
        cmocka_unit_test(
            a_scope_ends_with_the_earliest_grace_of_its_own_and_those_above),
        cmocka_unit_test(only_the_scope_itself_can_be_drained),
        cmocka_unit_test(what_has_ended_is_draining_and_cannot_be_drained),
        cmocka_unit_test(without_a_scope_the_soft_end_is_the_end),
        cmocka_unit_test(a_scope_may_be_given_back_from_a_watch_of_either_end),
        cmocka_unit_test(a_scope_that_is_given_back_leaves_no_alarm),
    };
    watchdog();
    fake_clock_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_clock_stop();
    return failed;
}
