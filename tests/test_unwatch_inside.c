/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Taking watches back from inside a watch: itself, others, the one around it.
 */

struct self {
    struct belay_watch *watch;
    bool taken;
    int tried;
};

static void take_self_back(void *arg, int err)
{
    struct self *self = arg;
    (void)err;
    self->tried = belay_try_unwatch(self->watch);
    self->taken = belay_unwatch(self->watch);
}

TEST(from_inside_a_watch_is_not_taken_back_and_nothing_waits)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    struct self self = {&watch, true, 0};
    CHECK(belay_watch(ctx, &watch, take_self_back, &self));

    CHECK(belay_cancel(ctx));

    CHECK(!self.taken);
    CHECK(self.tried == -EBUSY);
    CHECK(belay_try_unwatch(&watch) == 0);
    belay_end(ctx);
}

static void free_self(void *arg, int err)
{
    struct belay_watch *watch = arg;
    (void)err;
    if (!belay_unwatch(watch))
        free(watch);
}

TEST(from_inside_a_watch_may_be_freed_once_it_is_forgotten)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch *freed = malloc(sizeof *freed);
    struct belay_watch next;
    int calls = 0;
    CHECK(belay_watch(ctx, freed, free_self, freed));
    CHECK(belay_watch(ctx, &next, count_call, &calls));

    CHECK(belay_cancel(ctx));

    CHECK(calls == 1);
    belay_end(ctx);
}

struct pair {
    struct belay_watch *other;
    bool taken;
    int tried;
    int told;
};

static void take_other_back(void *arg, int err)
{
    struct pair *pair = arg;
    (void)err;
    ++pair->told;
    pair->taken = belay_unwatch(pair->other);
}

TEST(a_watch_may_take_back_a_later_one)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch first, second, third;
    struct pair pair = {&second, false, 0, 0};
    int calls = 0;
    int last = 0;
    CHECK(belay_watch(ctx, &first, take_other_back, &pair));
    CHECK(belay_watch(ctx, &second, count_call, &calls));
    CHECK(belay_watch(ctx, &third, count_call, &last));

    CHECK(belay_cancel(ctx));

    CHECK(pair.taken && calls == 0 && last == 1);
    belay_end(ctx);
}

TEST(a_watch_cannot_take_back_an_earlier_one)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch first, second;
    struct pair pair = {&first, true, 0, 0};
    int calls = 0;
    CHECK(belay_watch(ctx, &first, count_call, &calls));
    CHECK(belay_watch(ctx, &second, take_other_back, &pair));

    CHECK(belay_cancel(ctx));

    CHECK(!pair.taken && calls == 1);
    belay_end(ctx);
}

/* Of two that take each other back, on one thread, one is told. */
TEST(two_watches_may_take_each_other_back_on_one_thread)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch first, second;
    struct pair one = {&second, false, 0, 0};
    struct pair two = {&first, false, 0, 0};
    CHECK(belay_watch(ctx, &first, take_other_back, &one));
    CHECK(belay_watch(ctx, &second, take_other_back, &two));

    CHECK(belay_cancel(ctx));

    CHECK(one.told == 1 && one.taken);
    CHECK(two.told == 0 && !two.taken);
    belay_end(ctx);
}

struct nest {
    belay_ctx *inner;
    struct belay_watch *outer_watch;
    bool taken;
};

static void cancel_inner(void *arg, int err)
{
    struct nest *nest = arg;
    (void)err;
    belay_cancel(nest->inner);
}

static void free_outer(void *arg, int err)
{
    struct nest *nest = arg;
    (void)err;
    nest->taken = belay_unwatch(nest->outer_watch);
    free(nest->outer_watch);
}

/* Reliability row 26: inside is also where fn itself ends another context,
   whose watch is told on the same thread.  To wait there would be for ever. */
TEST(a_watch_may_be_taken_back_and_freed_from_one_nested_in_it)
{
    belay_ctx *outer = belay_with_cancel(NULL);
    belay_ctx *inner = belay_with_cancel(NULL);
    struct belay_watch watch;
    struct nest nest = {inner, malloc(sizeof(struct belay_watch)), true};
    CHECK(belay_watch(outer, nest.outer_watch, cancel_inner, &nest));
    CHECK(belay_watch(inner, &watch, free_outer, &nest));

    CHECK(belay_cancel(outer));

    CHECK(!nest.taken);
    CHECK(belay_err(inner) == BELAY_CANCELED);
    belay_end(inner);
    belay_end(outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            from_inside_a_watch_is_not_taken_back_and_nothing_waits),
        cmocka_unit_test(from_inside_a_watch_may_be_freed_once_it_is_forgotten),
        cmocka_unit_test(a_watch_may_take_back_a_later_one),
        cmocka_unit_test(a_watch_cannot_take_back_an_earlier_one),
        cmocka_unit_test(two_watches_may_take_each_other_back_on_one_thread),
        cmocka_unit_test(
            a_watch_may_be_taken_back_and_freed_from_one_nested_in_it),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
