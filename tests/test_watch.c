/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Being told.  Taking back is in test_unwatch.c. */

TEST(a_watch_is_told_once)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));

    belay_cancel(ctx);
    belay_cancel(ctx);

    CHECK(calls == 1);
    CHECK(!belay_unwatch(&watch));
    belay_end(ctx);
    CHECK(calls == 1);
}

TEST(a_watch_is_told_the_error)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_timeout(ctx, BELAY_HOUR);
    struct belay_watch watches[2];
    int errs[2] = {0};
    CHECK(belay_watch(ctx, &watches[0], keep_err, &errs[0]));
    CHECK(belay_watch(child, &watches[1], keep_err, &errs[1]));

    belay_cancel_cause(ctx, -EPIPE, "client left");

    CHECK(errs[0] == BELAY_CANCELED);
    CHECK(errs[1] == BELAY_CANCELED);
    belay_end(child);
    belay_end(ctx);
}

TEST(a_watch_on_an_ended_context_is_refused)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    struct belay_watch watch = {0};
    int calls = 0;

    CHECK(!belay_watch(ctx, &watch, count_call, &calls));

    CHECK(!belay_unwatch(&watch));
    CHECK(belay_try_unwatch(&watch) == 0);
    belay_end(ctx);
    CHECK(calls == 0);
}

TEST(belay_end_tells_the_watches)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(ctx, &watch, count_call, &calls));

    belay_end(ctx);

    CHECK(calls == 1);
}

/* --- In which order, and where ------------------------------------------ */

struct log {
    int entries[8];
    int length;
};

struct entry {
    struct log *log;
    int name;
};

static void write_down(void *arg, int err)
{
    struct entry *entry = arg;
    (void)err;
    entry->log->entries[entry->log->length++] = entry->name;
}

TEST(watches_of_one_context_are_told_oldest_first)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watches[5];
    struct log log = {0};
    struct entry entries[5];
    for (int i = 0; i < 5; ++i) {
        entries[i] = (struct entry){&log, i};
        CHECK(belay_watch(ctx, &watches[i], write_down, &entries[i]));
    }

    belay_end(ctx);

    CHECK(log.length == 5);
    for (int i = 0; i < 5; ++i)
        CHECK(log.entries[i] == i);
}

TEST(a_childs_watch_is_told_before_its_parents)
{
    belay_ctx *levels[4];
    struct belay_watch watches[4];
    struct log log = {0};
    struct entry entries[4];
    for (int i = 0; i < 4; ++i) {
        entries[i] = (struct entry){&log, i};
        levels[i] = belay_with_cancel(i == 0 ? NULL : levels[i - 1]);
        CHECK(belay_watch(levels[i], &watches[i], write_down, &entries[i]));
    }

    belay_cancel(levels[0]);

    CHECK(log.length == 4);
    for (int i = 0; i < 4; ++i)
        CHECK(log.entries[i] == 3 - i);
    for (int i = 0; i < 4; ++i)
        belay_end(levels[i]);
}

static void keep_thread(void *arg, int err)
{
    (void)err;
    *(pthread_t *)arg = pthread_self();
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

TEST(a_watch_is_told_on_the_thread_that_ends_the_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    pthread_t told_on = pthread_self();
    CHECK(belay_watch(ctx, &watch, keep_thread, &told_on));

    pthread_t canceller = start(cancel, ctx);
    join(canceller);

    CHECK(pthread_equal(told_on, canceller));
    belay_end(ctx);
}

struct sight {
    const belay_ctx *below[4];
    int live;
    int unreadable;
};

static void look_around(void *arg, int err)
{
    struct sight *sight = arg;
    (void)err;
    for (size_t i = 0; i < LENGTH(sight->below); ++i) {
        sight->live += belay_err(sight->below[i]) == 0;
        sight->unreadable += !is_readable(belay_fd(sight->below[i]));
    }
}

/* Rule 3 */
TEST(when_a_watch_runs_the_whole_subtree_has_ended)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *top = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(top, &key, NULL);
    belay_ctx *left = belay_with_cancel(value);
    belay_ctx *right = belay_with_timeout(top, BELAY_HOUR);
    struct sight sight = {{top, value, left, right}, 0, 0};
    for (size_t i = 0; i < 4; ++i)
        CHECK(!is_readable(belay_fd(sight.below[i])));
    struct belay_watch watches[2];
    CHECK(belay_watch(left, &watches[0], look_around, &sight));
    CHECK(belay_watch(top, &watches[1], look_around, &sight));

    belay_cancel(top);

    CHECK(sight.live == 0 && sight.unreadable == 0);
    belay_end(right);
    belay_end(left);
    belay_end(value);
    belay_end(top);
}

/* --- Watches and contexts that go --------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_is_told_once),
        cmocka_unit_test(a_watch_is_told_the_error),
        cmocka_unit_test(a_watch_on_an_ended_context_is_refused),
        cmocka_unit_test(belay_end_tells_the_watches),
        cmocka_unit_test(watches_of_one_context_are_told_oldest_first),
        cmocka_unit_test(a_childs_watch_is_told_before_its_parents),
        cmocka_unit_test(a_watch_is_told_on_the_thread_that_ends_the_context),
        cmocka_unit_test(when_a_watch_runs_the_whole_subtree_has_ended),
        cmocka_unit_test(a_watch_on_a_value_context_outlives_it),
        cmocka_unit_test(a_watch_is_told_before_its_context_goes),
        cmocka_unit_test(a_watch_may_end_the_context_that_tells_it),
        cmocka_unit_test(a_watch_may_let_go_of_the_last_reference),
        cmocka_unit_test(
            watches_may_end_every_context_of_the_tree_that_tells_them),
        cmocka_unit_test(a_watch_that_was_told_may_be_used_again),
        cmocka_unit_test(
            a_watch_may_be_used_again_from_inside_its_own_function),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
