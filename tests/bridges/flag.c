/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/flag.c"
#undef main

TEST(an_end_sets_the_flag)
{
    atomic_int flag = 0;
    struct belay_watch watch = {0};
    belay_ctx *ctx = belay_with_cancel(NULL);
    watch_out(ctx, &watch, &flag);
    CHECK(atomic_load(&flag) == 0);

    belay_cancel(ctx);

    CHECK(atomic_load(&flag) == 1);
    belay_end(ctx);
}

TEST(an_ended_context_sets_it_at_once)
{
    atomic_int flag = 0;
    struct belay_watch watch = {0};
    belay_ctx *ctx = already();
    watch_out(ctx, &watch, &flag);
    CHECK(atomic_load(&flag) == 1);
    belay_end(ctx);
}

TEST(a_flag_that_is_taken_back_is_left_alone)
{
    atomic_int flag = 0;
    struct belay_watch watch = {0};
    belay_ctx *ctx = belay_with_cancel(NULL);
    watch_out(ctx, &watch, &flag);

    CHECK(belay_unwatch(&watch));
    belay_end(ctx);

    CHECK(atomic_load(&flag) == 0);
}

TEST(a_flag_that_is_set_ends_a_context)
{
    atomic_int flag = 0;
    struct belay_watch watch = {0};
    belay_ctx *first = soon();
    belay_ctx *second = belay_with_cancel(NULL);
    watch_out(first, &watch, &flag);

    int err = watch_in(second, &flag);
    belay_duration within = since_end(first);

    CHECK(err == BELAY_CANCELED);
    print_row(&(struct row){"a plain atomic flag", "C11", "both ways",
                            "out: a watch sets it; in: a thread asks every "
                            "10 ms",
                            "whoever does not look at the flag", "nothing"},
              within);
    belay_end(second);
    belay_end(first);
}

TEST(who_asks_a_flag_stops_when_the_context_ends)
{
    atomic_int flag = 0;
    belay_ctx *ctx = soon();
    CHECK(watch_in(ctx, &flag) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_sets_the_flag),
        cmocka_unit_test(an_ended_context_sets_it_at_once),
        cmocka_unit_test(a_flag_that_is_taken_back_is_left_alone),
        cmocka_unit_test(a_flag_that_is_set_ends_a_context),
        cmocka_unit_test(who_asks_a_flag_stops_when_the_context_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
