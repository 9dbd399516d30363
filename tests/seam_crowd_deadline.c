/* SPDX-License-Identifier: MIT */
#include "crowd.h"
#include "fakes/fake_clock.h"

enum { CHILDREN = 16 };

/* A crowd hangs below a deadline, and its children have later ones. */
TEST(a_deadline_ends_a_crowd_below_it)
{
    fake_clock_start();
    int calls = 0;
    struct belay_watch watches[CHILDREN];
    belay_ctx *children[CHILDREN];
    belay_ctx *top = belay_with_timeout(NULL, BELAY_SECOND);
    belay_ctx *parent = &make_crowded(top)->base;
    for (unsigned i = 0; i < CHILDREN; ++i) {
        cpu_now = i;
        children[i] = belay_with_timeout(parent, BELAY_MINUTE);
        CHECK(belay_watch(children[i], &watches[i], count_call, &calls));
    }

    CHECK(fake_clock_advance(BELAY_SECOND) == 1);

    CHECK(calls == CHILDREN);
    for (int i = 0; i < CHILDREN; ++i) {
        CHECK(belay_err(children[i]) == BELAY_DEADLINE_EXCEEDED);
        belay_end(children[i]);
    }
    belay_end(parent);
    belay_end(top);
    fake_clock_stop();
}

TEST(two_crowds_may_end_in_the_same_instant)
{
    fake_clock_start();
    int calls = 0;
    struct belay_watch watches[2];
    belay_ctx *tops[2], *parents[2], *children[2];
    for (unsigned i = 0; i < 2; ++i) {
        cpu_now = i * 9;
        tops[i] = belay_with_timeout(NULL, BELAY_SECOND);
        parents[i] = &make_crowded(tops[i])->base;
        children[i] = belay_with_cancel(parents[i]);
        CHECK(belay_watch(children[i], &watches[i], count_call, &calls));
    }

    CHECK(fake_clock_advance(BELAY_SECOND) == 2);

    CHECK(calls == 2);
    for (int i = 0; i < 2; ++i) {
        CHECK(belay_err(children[i]) == BELAY_DEADLINE_EXCEEDED);
        belay_end(children[i]);
        belay_end(parents[i]);
        belay_end(tops[i]);
    }
    fake_clock_stop();
}

TEST(a_deadline_of_a_child_in_a_crowd_ends_that_child_alone)
{
    fake_clock_start();
    belay_ctx *parent = &make_crowded(NULL)->base;
    cpu_now = 2;
    belay_ctx *soon = belay_with_timeout(parent, BELAY_SECOND);
    cpu_now = 3;
    belay_ctx *late = belay_with_timeout(parent, BELAY_MINUTE);

    CHECK(fake_clock_advance(BELAY_SECOND) == 1);

    CHECK(belay_err(soon) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(late) == 0 && belay_err(parent) == 0);
    belay_end(late);
    belay_end(soon);
    belay_end(parent);
    fake_clock_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_ends_a_crowd_below_it),
        cmocka_unit_test(two_crowds_may_end_in_the_same_instant),
        cmocka_unit_test(
            a_deadline_of_a_child_in_a_crowd_ends_that_child_alone),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
