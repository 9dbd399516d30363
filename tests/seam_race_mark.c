/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/delay.h"
#include "fakes/fake_clock.h"

/* A canceler that is held in the middle of the marking: some of the subtree
   has ended, some has not, and nobody is to see that.  And a deadline that is
   held before it is armed. */

struct race {
    belay_ctx *parent;
    belay_ctx *child;
    int (*look)(const belay_ctx *parent);
    int seen;
    int child_err;
};

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

static void *look(void *arg)
{
    struct race *race = arg;
    race->seen = race->look(race->parent);
    race->child_err = belay_err(race->child);
    return NULL;
}

static int by_err(const belay_ctx *parent)
{
    return belay_err(parent);
}

static int by_stopped(const belay_ctx *parent)
{
    return belay_stopped((void *)parent) ? BELAY_CANCELED : 0;
}

static int by_losing(const belay_ctx *parent)
{
    return belay_cancel((belay_ctx *)parent) ? 0 : BELAY_CANCELED;
}

static int by_cause(const belay_ctx *parent)
{
    const struct belay_cause *cause = belay_cause(parent);
    return cause != NULL ? cause->code : 0;
}

static int by_deriving(const belay_ctx *parent)
{
    belay_ctx *child = belay_with_cancel(parent);
    int err = belay_err(child);
    belay_end(child);
    return err;
}

static int by_waiting(const belay_ctx *parent)
{
    return belay_wait(parent);
}

static int by_watching(const belay_ctx *parent)
{
    struct belay_watch watch;
    int calls = 0;
    bool is_live = belay_watch(parent, &watch, count_call, &calls);
    if (is_live)
        belay_unwatch(&watch);
    return is_live ? 0 : BELAY_CANCELED;
}

/* Rules 2 and 3, S23: whoever finds the parent ended in any way has waited
   until the child has ended as well. */
TEST(whoever_meets_a_marking_waits_until_it_is_complete)
{
    int (*ways[])(const belay_ctx *) = {by_err,     by_stopped,  by_losing,
                                        by_cause,   by_deriving, by_waiting,
                                        by_watching};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        struct race race = {.parent = belay_with_cancel(NULL), .look = ways[i]};
        race.child = belay_with_cancel(race.parent);
        delay_hold("entered");
        pthread_t canceler = start(cancel, race.parent);
        delay_await("entered"); /* the parent is being ended, the child lives */
        delay_hold("relax");
        pthread_t looker = start(look, &race);
        delay_await("relax"); /* it has not come back */

        delay_release("entered");
        delay_release("relax");
        join(canceler);
        join(looker);

        CHECK(race.seen == BELAY_CANCELED);
        CHECK(race.child_err == BELAY_CANCELED);
        belay_end(race.child);
        belay_end(race.parent);
    }
}

static void *derive(void *parent)
{
    return belay_with_timeout(parent, BELAY_MILLISECOND);
}

/* Class I, reliability rows 41 and 70: it came due while it was being made,
   and the clock has been past it. */
TEST(a_deadline_that_is_armed_too_late_fires_when_the_clock_is_next_run)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *soon = belay_with_timeout(parent, BELAY_SECOND);
    belay_ctx *late = belay_with_timeout(parent, BELAY_HOUR);
    delay_hold("derive");
    pthread_t deriver = start(derive, parent);
    delay_await("derive");

    CHECK(fake_clock_advance(BELAY_SECOND) == 1);
    delay_release("derive");
    belay_ctx *child = join(deriver);

    CHECK(fake_clock_alarm() <= belay_now());
    CHECK(belay_clock_run() == 1);
    CHECK(belay_err(child) == BELAY_DEADLINE_EXCEEDED);
    belay_end(child);
    belay_end(late);
    belay_end(soon);
    belay_end(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_meets_a_marking_waits_until_it_is_complete),
        cmocka_unit_test(
            a_deadline_that_is_armed_too_late_fires_when_the_clock_is_next_run),
    };
    watchdog();
    fake_clock_start();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
