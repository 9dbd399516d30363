/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Watches of contexts that go while they are told, and watches used again. */

TEST(a_watch_on_a_value_context_outlives_it)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(parent, &key, NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(value, &watch, count_call, &calls));

    belay_end(value);
    CHECK(calls == 0);
    belay_cancel(parent);

    CHECK(calls == 1);
    belay_end(parent);
}

/* "A watch does not keep its context alive and need not." */
TEST(a_watch_is_told_before_its_context_goes)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *child;
    struct belay_watch watch;
    int calls = 0;
    {
        belay_ctx *parent = belay_with_cancel(NULL);
        belay_ctx *value = belay_with_value(parent, &key, NULL);
        child = belay_with_cancel(value);
        belay_end(value);
        CHECK(belay_watch(child, &watch, count_call, &calls));
        belay_end(parent);
    }

    CHECK(calls == 1);
    belay_end(child);
}

static void end_it(void *ctx, int err)
{
    (void)err;
    belay_end(ctx);
}

/* Class B: the last reference goes while its ending is on the stack. */
TEST(a_watch_may_end_the_context_that_tells_it)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watches[3];
    int calls = 0;
    CHECK(belay_watch(ctx, &watches[0], count_call, &calls));
    CHECK(belay_watch(ctx, &watches[1], end_it, ctx));
    CHECK(belay_watch(ctx, &watches[2], count_call, &calls));

    CHECK(belay_cancel(ctx));

    CHECK(calls == 2);
}

static void let_go(void *ctx, int err)
{
    (void)err;
    belay_unref(ctx);
}

TEST(a_watch_may_let_go_of_the_last_reference)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    struct belay_watch watches[2];
    int calls = 0;
    CHECK(belay_watch(child, &watches[0], let_go, (void *)belay_ref(child)));
    CHECK(belay_watch(child, &watches[1], count_call, &calls));

    belay_end(child);

    CHECK(calls == 1);
    belay_end(parent);
}

TEST(watches_may_end_every_context_of_the_tree_that_tells_them)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *children[8];
    struct belay_watch watches[9];
    for (size_t i = 0; i < 8; ++i)
        children[i] = belay_with_cancel(parent);
    for (size_t i = 0; i < 8; ++i)
        CHECK(belay_watch(children[i], &watches[i], end_it,
                          children[(i + 3) % 8]));
    CHECK(belay_watch(parent, &watches[8], end_it, parent));

    CHECK(belay_cancel(parent));

    for (size_t i = 0; i < LENGTH(watches); ++i)
        CHECK(belay_try_unwatch(&watches[i]) == 0);
}

/* --- Using a watch again ------------------------------------------------ */

TEST(a_watch_that_was_told_may_be_used_again)
{
    struct belay_watch watch = {0};
    int calls = 0;
    for (int i = 1; i <= 3; ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        CHECK(belay_watch(ctx, &watch, count_call, &calls));

        belay_end(ctx);

        CHECK(calls == i);
    }
}

struct relay {
    struct belay_watch watch;
    belay_ctx *contexts[3];
    int told;
    bool refused;
};

static void watch_the_next(void *arg, int err)
{
    struct relay *relay = arg;
    (void)err;
    if (++relay->told < 3)
        relay->refused |= !belay_watch(relay->contexts[relay->told],
                                       &relay->watch, watch_the_next, relay);
}

TEST(a_watch_may_be_used_again_from_inside_its_own_function)
{
    struct relay relay = {0};
    for (size_t i = 0; i < 3; ++i)
        relay.contexts[i] = belay_with_cancel(NULL);
    CHECK(belay_watch(relay.contexts[0], &relay.watch, watch_the_next, &relay));

    for (int i = 0; i < 3; ++i) {
        CHECK(belay_cancel(relay.contexts[i]));
        CHECK(relay.told == i + 1 && !relay.refused);
    }

    for (size_t i = 0; i < 3; ++i)
        belay_end(relay.contexts[i]);
}

/* --- One within the other ----------------------------------------------- */

enum { DEPTH = 50 };

struct russian {
    struct belay_watch watch;
    belay_ctx *inner;
    int *told;
};

static void end_inner(void *arg, int err)
{
    struct russian *doll = arg;
    (void)err;
    ++*doll->told;
    belay_end(doll->inner);
}

/* Rule 4 */
TEST(watches_may_end_contexts_whose_watches_end_contexts)
{
    struct russian dolls[DEPTH];
    int told = 0;
    belay_ctx *inner = NULL;
    for (int i = 0; i < DEPTH; ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        dolls[i] = (struct russian){.inner = inner, .told = &told};
        CHECK(belay_watch(ctx, &dolls[i].watch, end_inner, &dolls[i]));
        inner = ctx;
    }

    belay_end(inner);

    CHECK(told == DEPTH);
}

static void end_next(void *next)
{
    belay_end(next);
}

static const struct belay_key chain = {"chain", end_next};

TEST(a_destructor_may_end_what_has_a_destructor)
{
    struct belay_watch watch;
    int told = 0;
    belay_ctx *next = belay_with_cancel(NULL);
    CHECK(belay_watch(next, &watch, count_call, &told));
    for (int i = 0; i < DEPTH; ++i)
        next = belay_with_value(NULL, &chain, next);

    belay_end(next);

    CHECK(told == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_on_a_value_context_outlives_it),
        cmocka_unit_test(a_watch_is_told_before_its_context_goes),
        cmocka_unit_test(a_watch_may_end_the_context_that_tells_it),
        cmocka_unit_test(a_watch_may_let_go_of_the_last_reference),
        cmocka_unit_test(
            watches_may_end_every_context_of_the_tree_that_tells_them),
        cmocka_unit_test(a_watch_that_was_told_may_be_used_again),
        cmocka_unit_test(
            a_watch_may_be_used_again_from_inside_its_own_function),
        cmocka_unit_test(watches_may_end_contexts_whose_watches_end_contexts),
        cmocka_unit_test(a_destructor_may_end_what_has_a_destructor),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
