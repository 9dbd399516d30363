/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/belay.h>

/* Whoever wins, the outcome is one of two: never both, never neither.  Under
   the thread sanitizer these are the data-race tests as well.  That either can
   win is shown, held at the decisive step, in seam_race.c. */

/* --- Watches ------------------------------------------------------------ */

struct watching {
    belay_ctx *ctx;
    struct belay_watch watch;
    int calls; /* plain: read when both are through */
    bool watched;
    bool taken;
    bool taken_by_other;
    int tried;
};

static void prepare_context(void *arg)
{
    struct watching *w = arg;
    *w = (struct watching){.ctx = belay_with_cancel(NULL)};
}

static void prepare_watch(void *arg)
{
    struct watching *w = arg;
    prepare_context(w);
    CHECK(belay_watch(w->ctx, &w->watch, count_call, &w->calls));
}

static void register_watch(void *arg)
{
    struct watching *w = arg;
    w->watched = belay_watch(w->ctx, &w->watch, count_call, &w->calls);
}

static void cancel(void *arg)
{
    belay_cancel(((struct watching *)arg)->ctx);
}

static void take_back(void *arg)
{
    struct watching *w = arg;
    w->taken = belay_unwatch(&w->watch);
}

static void check_watched(void *arg)
{
    struct watching *w = arg;
    CHECK(w->calls == (w->watched ? 1 : 0));
    CHECK(!belay_unwatch(&w->watch));
    belay_end(w->ctx);
}

/* Class E, reliability rows 35 to 37 */
TEST(a_watch_is_told_exactly_if_it_was_registered_in_time)
{
    struct watching w;
    run_race((struct race){prepare_context, register_watch, cancel,
                           check_watched, &w},
             RACES);
}

static void check_taken(void *arg)
{
    struct watching *w = arg;
    CHECK(w->calls == (w->taken ? 0 : 1));
    belay_end(w->ctx);
}

/* Classes A and D */
TEST(a_watch_is_either_taken_back_or_told)
{
    struct watching w;
    run_race((struct race){prepare_watch, take_back, cancel, check_taken, &w},
             RACES);
}

/* "It has run": as soon as belay_unwatch() has said so. */
static void take_back_and_look(void *arg)
{
    struct watching *w = arg;
    w->taken = belay_unwatch(&w->watch);
    w->tried = w->calls;
    memset(&w->watch, 0xff, sizeof w->watch);
}

static void check_look(void *arg)
{
    struct watching *w = arg;
    CHECK(w->tried == (w->taken ? 0 : 1));
    check_taken(w);
}

TEST(a_watch_that_was_not_taken_back_has_run_and_is_free)
{
    struct watching w;
    run_race((struct race){prepare_watch, take_back_and_look, cancel,
                           check_look, &w},
             RACES);
}

static void try_until_free(void *arg)
{
    struct watching *w = arg;
    do
        w->tried = belay_try_unwatch(&w->watch);
    while (w->tried == -EBUSY);
    memset(&w->watch, 0xff, sizeof w->watch);
}

static void check_tried(void *arg)
{
    struct watching *w = arg;
    CHECK(w->tried == 1 || w->tried == 0);
    CHECK(w->calls == (w->tried == 1 ? 0 : 1));
    belay_end(w->ctx);
}

TEST(trying_to_take_back_finds_a_watch_taken_told_or_busy)
{
    struct watching w;
    run_race(
        (struct race){prepare_watch, try_until_free, cancel, check_tried, &w},
        RACES);
}

static void take_back_too(void *arg)
{
    struct watching *w = arg;
    w->taken_by_other = belay_unwatch(&w->watch);
}

static void check_one_took_it(void *arg)
{
    struct watching *w = arg;
    CHECK(w->taken + w->taken_by_other == 1);
    belay_end(w->ctx);
    CHECK(w->calls == 0);
}

TEST(of_two_that_take_a_watch_back_one_has_it)
{
    struct watching w;
    run_race((struct race){prepare_watch, take_back, take_back_too,
                           check_one_took_it, &w},
             RACES);
}

static void end(void *arg)
{
    struct watching *w = arg;
    belay_end(w->ctx);
    w->ctx = NULL;
}

TEST(a_watch_may_be_taken_back_while_its_context_goes)
{
    struct watching w;
    run_race((struct race){prepare_watch, take_back, end, check_taken, &w},
             RACES);
}

/* --- After-functions: AF06 ---------------------------------------------- */

struct stopping {
    belay_ctx *ctx;
    struct belay_after *after;
    sem_t ran;
    bool prevented;
};

static void prepare_after(void *arg)
{
    struct stopping *s = arg;
    s->ctx = belay_with_cancel(NULL);
    s->after = belay_after_func(s->ctx, post, &s->ran);
    CHECK(s->after != NULL);
}

static void cancel_after(void *arg)
{
    belay_cancel(((struct stopping *)arg)->ctx);
}

static void stop_after(void *arg)
{
    struct stopping *s = arg;
    s->prevented = belay_after_stop(s->after);
}

static void join_after(void *arg)
{
    struct stopping *s = arg;
    s->prevented = belay_after_join(s->after);
}

static void check_stopped(void *arg)
{
    struct stopping *s = arg;
    if (!s->prevented)
        await(&s->ran);
    CHECK(!has_come(&s->ran));
    belay_end(s->ctx);
}

static void check_joined(void *arg)
{
    struct stopping *s = arg;
    CHECK(has_come(&s->ran) == !s->prevented);
    CHECK(!has_come(&s->ran));
    belay_end(s->ctx);
}

/* AF06: 100000 times */
TEST(an_after_function_is_either_stopped_or_run)
{
    struct stopping s;
    sem_init(&s.ran, 0, 0);
    run_race((struct race){prepare_after, stop_after, cancel_after,
                           check_stopped, &s},
             5 * RACES);
    CHECK(!has_come(&s.ran));
}

TEST(an_after_function_is_either_prevented_or_over_when_it_is_joined)
{
    struct stopping s;
    sem_init(&s.ran, 0, 0);
    run_race((struct race){prepare_after, join_after, cancel_after,
                           check_joined, &s},
             RACES);
    CHECK(!has_come(&s.ran));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_is_told_exactly_if_it_was_registered_in_time),
        cmocka_unit_test(a_watch_is_either_taken_back_or_told),
        cmocka_unit_test(a_watch_that_was_not_taken_back_has_run_and_is_free),
        cmocka_unit_test(trying_to_take_back_finds_a_watch_taken_told_or_busy),
        cmocka_unit_test(of_two_that_take_a_watch_back_one_has_it),
        cmocka_unit_test(a_watch_may_be_taken_back_while_its_context_goes),
        cmocka_unit_test(an_after_function_is_either_stopped_or_run),
        cmocka_unit_test(
            an_after_function_is_either_prevented_or_over_when_it_is_joined),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
