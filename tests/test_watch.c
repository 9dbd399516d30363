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

    pthread_t canceler = start(cancel, ctx);
    join(canceler);

    CHECK(pthread_equal(told_on, canceler));
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
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
