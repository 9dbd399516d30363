/* SPDX-License-Identifier: MIT */
#include "race.h"

#include "fakes/fake_clock.h"
#include "internal.h"

/* The races of test_race_tree.c for a crowded parent: its children are of other
   families than itself, and its end takes all their locks. */

static _Thread_local unsigned cpu_now;

static unsigned fake_cpu(void)
{
    return cpu_now;
}

static belay_ctx *make_crowded(const belay_ctx *parent)
{
    struct cancel_ctx *ctx = (struct cancel_ctx *)belay_with_cancel(parent);
    for (int i = 0; i < 100 && !is_crowded(ctx); ++i)
        belay__make_crowd(ctx);
    CHECK(is_crowded(ctx));
    return &ctx->base;
}

enum { CHILDREN = 16 };

struct tree {
    belay_ctx *parent;
    belay_ctx *child;
    belay_ctx *children[CHILDREN];
    struct belay_watch watches[CHILDREN];
    int calls;
    bool won[2];
    int live[2];
    bool taken;
};

static void prepare_parent(void *arg)
{
    struct tree *t = arg;
    *t = (struct tree){.parent = make_crowded(NULL)};
}

static void prepare_children(void *arg)
{
    struct tree *t = arg;
    prepare_parent(t);
    for (unsigned i = 0; i < CHILDREN; ++i) {
        cpu_now = i;
        t->children[i] = belay_with_cancel(t->parent);
        CHECK(belay_watch(t->children[i], &t->watches[i], count_call,
                          &t->calls));
    }
}

static void end_all(struct tree *t)
{
    for (int i = 0; i < CHILDREN; ++i)
        belay_end(t->children[i]);
    belay_end(t->parent);
}

static void cancel_on(struct tree *t, int side)
{
    cpu_now = (unsigned)side + 3;
    t->won[side] = belay_cancel_cause(t->parent, -EPIPE, "parent");
    for (int i = 0; i < CHILDREN; ++i)
        t->live[side] += belay_err(t->children[i]) == 0;
}

static void cancel_left(void *arg)
{
    cancel_on(arg, 0);
}

static void cancel_right(void *arg)
{
    cancel_on(arg, 1);
}

static void run(void (*prepare)(void *), void (*left)(void *),
                void (*right)(void *), void (*check)(void *))
{
    struct tree tree;
    run_race((struct race){prepare, left, right, check, &tree}, RACES / 4);
}

static void derive(void *arg)
{
    struct tree *t = arg;
    cpu_now = 7;
    t->child = belay_with_cancel(t->parent);
}

static void check_derived(void *arg)
{
    struct tree *t = arg;
    CHECK(belay_err(t->child) == BELAY_CANCELED);
    CHECK(belay_cause(t->child)->code == -EPIPE);
    belay_end(t->child);
    belay_end(t->parent);
}

TEST(deriving_from_a_crowded_parent_never_loses_a_cancel)
{
    run(prepare_parent, derive, cancel_right, check_derived);
}

static void check_one_won(void *arg)
{
    struct tree *t = arg;
    CHECK(t->won[0] + t->won[1] == 1);
    CHECK(t->live[0] == 0 && t->live[1] == 0);
    CHECK(t->calls == CHILDREN);
    end_all(t);
}

TEST(of_two_cancels_of_a_crowded_parent_one_wins)
{
    run(prepare_children, cancel_left, cancel_right, check_one_won);
}

static void end_one(void *arg)
{
    struct tree *t = arg;
    belay_end(t->children[5]);
}

static void cancel_parent(void *arg)
{
    belay_cancel(((struct tree *)arg)->parent);
}

static void check_all_told(void *arg)
{
    struct tree *t = arg;
    for (int i = 0; i < CHILDREN; ++i)
        CHECK(!belay_unwatch(&t->watches[i]));
    t->children[5] = NULL;
    end_all(t);
}

TEST(a_child_may_be_ended_while_its_crowded_parent_is_cancelled)
{
    run(prepare_children, end_one, cancel_parent, check_all_told);
}

static void take_back(void *arg)
{
    struct tree *t = arg;
    t->taken = belay_unwatch(&t->watches[9]);
}

static void check_taken(void *arg)
{
    struct tree *t = arg;
    CHECK(t->calls == (t->taken ? CHILDREN - 1 : CHILDREN));
    end_all(t);
}

TEST(a_watch_under_a_crowded_parent_is_either_taken_back_or_told)
{
    run(prepare_children, take_back, cancel_right, check_taken);
}

static void count_references(void *arg)
{
    struct tree *t = arg;
    for (unsigned i = 0; i < 8; ++i) {
        cpu_now = i;
        const belay_ctx *kept = belay_ref(t->parent);
        cpu_now = i + 1;
        belay_unref(kept);
    }
}

static void check_parent(void *arg)
{
    struct tree *t = arg;
    CHECK(belay_err(t->parent) == BELAY_CANCELED);
    belay_end(t->parent);
}

TEST(references_to_a_crowded_parent_come_and_go_while_it_is_cancelled)
{
    run(prepare_parent, count_references, cancel_right, check_parent);
}

static void look_for_end(void *arg)
{
    struct tree *t = arg;
    while (belay_err(t->parent) == 0)
        sched_yield();
    for (int i = 0; i < CHILDREN; ++i)
        t->live[0] += belay_err(t->children[i]) == 0;
}

static void check_seen(void *arg)
{
    struct tree *t = arg;
    CHECK(t->live[0] == 0);
    end_all(t);
}

TEST(whoever_sees_a_crowded_parent_ended_sees_all_ended)
{
    run(prepare_children, look_for_end, cancel_right, check_seen);
}

/* --- Deadlines --------------------------------------------------------------- */

/* A crowd hangs below a deadline, and its children have later ones. */
TEST(a_deadline_ends_a_crowd_below_it)
{
    fake_clock_start();
    int calls = 0;
    struct belay_watch watches[CHILDREN];
    belay_ctx *children[CHILDREN];
    belay_ctx *top = belay_with_timeout(NULL, BELAY_SECOND);
    belay_ctx *parent = make_crowded(top);
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
        parents[i] = make_crowded(tops[i]);
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
    belay_ctx *parent = make_crowded(NULL);
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
        cmocka_unit_test(deriving_from_a_crowded_parent_never_loses_a_cancel),
        cmocka_unit_test(of_two_cancels_of_a_crowded_parent_one_wins),
        cmocka_unit_test(
            a_child_may_be_ended_while_its_crowded_parent_is_cancelled),
        cmocka_unit_test(
            a_watch_under_a_crowded_parent_is_either_taken_back_or_told),
        cmocka_unit_test(
            references_to_a_crowded_parent_come_and_go_while_it_is_cancelled),
        cmocka_unit_test(whoever_sees_a_crowded_parent_ended_sees_all_ended),
        cmocka_unit_test(a_deadline_ends_a_crowd_below_it),
        cmocka_unit_test(two_crowds_may_end_in_the_same_instant),
        cmocka_unit_test(
            a_deadline_of_a_child_in_a_crowd_ends_that_child_alone),
    };
    watchdog();
    belay__seams.cpu = fake_cpu;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
