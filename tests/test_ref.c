/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

static const struct belay_key key = {"key", NULL};
static const struct belay_key owned = {"owned", count_destroyed};

TEST(a_reference_is_the_context_itself)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_ref(ctx) == ctx);

    belay_unref(ctx);
    belay_end(ctx);
}

TEST(letting_go_never_cancels)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));
    belay_ref(ctx);

    belay_unref(ctx);

    CHECK(belay_err(ctx) == 0 && calls == 0);
    belay_end(ctx);
    CHECK(calls == 1);
}

TEST(an_ended_context_can_be_asked_as_long_as_it_is_held)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    const belay_ctx *kept = belay_ref(ctx);
    belay_time when;

    belay_cancel_cause(ctx, -EPIPE, "client %s", "left");
    belay_end(ctx);

    CHECK(belay_err(kept) == BELAY_CANCELED);
    assert_string_equal(belay_cause(kept)->text, "client left");
    CHECK(belay_deadline(kept, &when));
    CHECK(is_readable(belay_fd(kept)));
    CHECK(belay_wait(kept) == BELAY_CANCELED);
    belay_unref(kept);
}

/* Rule 5 */
TEST(a_child_of_a_value_outlives_the_values_maker)
{
    int number;
    void *value = NULL;
    belay_ctx *parent = belay_with_value(NULL, &key, &number);
    belay_ctx *child = belay_with_cancel(parent);

    belay_end(parent);

    CHECK(belay_err(child) == 0);
    CHECK(belay_value(child, &key, &value) && value == &number);
    belay_end(child);
}

TEST(a_child_outlives_its_ended_parents_maker)
{
    char text[200];
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_HOUR);
    belay_ctx *child = belay_with_cancel(parent);

    belay_end(parent);

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_describe(child, text, sizeof text) > 0);
    CHECK(strstr(text, ".WithDeadline(") != NULL);
    belay_end(child);
}

TEST(a_context_may_be_derived_from_whatever_is_held)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    const belay_ctx *kept = belay_ref(parent);
    belay_end(parent);

    belay_ctx *child = belay_with_cancel(kept);
    belay_unref(kept);

    CHECK(belay_err(child) == BELAY_CANCELED);
    belay_end(child);
}

TEST(each_reference_is_counted)
{
    enum { MANY = 1000 };
    belay_ctx *ctx = belay_with_cancel(NULL);
    for (int i = 0; i < MANY; ++i)
        belay_ref(ctx);

    belay_end(ctx);

    for (int i = 0; i < MANY; ++i) {
        CHECK(belay_err(ctx) == BELAY_CANCELED);
        belay_unref(ctx);
    }
}

static void *let_go_of_it(void *ctx)
{
    int err = belay_wait(ctx);
    belay_unref(ctx);
    return (void *)(intptr_t)err;
}

TEST(a_thread_that_was_given_a_reference_may_be_the_last_to_let_go)
{
    for (int round = 0; round < 100; ++round) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        pthread_t thread = start(let_go_of_it, (void *)belay_ref(ctx));

        belay_end(ctx);

        CHECK((intptr_t)join(thread) == BELAY_CANCELED);
    }
}

/* Every order in which three levels may be given back. */
TEST(a_chain_may_be_given_back_in_any_order)
{
    const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                             {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < LENGTH(orders); ++i) {
        int destroyed = 0;
        belay_ctx *levels[3];
        levels[0] = belay_with_cancel(NULL);
        levels[1] = belay_with_value(levels[0], &owned, &destroyed);
        levels[2] = belay_with_timeout(levels[1], BELAY_HOUR);

        for (int step = 0; step < 3; ++step)
            belay_end(levels[orders[i][step]]);

        CHECK(destroyed == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_the_context_itself),
        cmocka_unit_test(letting_go_never_cancels),
        cmocka_unit_test(an_ended_context_can_be_asked_as_long_as_it_is_held),
        cmocka_unit_test(a_child_of_a_value_outlives_the_values_maker),
        cmocka_unit_test(a_child_outlives_its_ended_parents_maker),
        cmocka_unit_test(a_context_may_be_derived_from_whatever_is_held),
        cmocka_unit_test(each_reference_is_counted),
        cmocka_unit_test(
            a_thread_that_was_given_a_reference_may_be_the_last_to_let_go),
        cmocka_unit_test(a_chain_may_be_given_back_in_any_order),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
