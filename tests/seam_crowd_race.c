/* SPDX-License-Identifier: MIT */
#include "crowd.h"
#include "fakes/delay.h"
#include "race.h"

/* The races of test_race_tree.c for a crowded parent: its children are of other
   families than itself, and its end takes all their locks. */

enum { CHILDREN = 16 };

struct tree {
    belay_ctx *parent;
    belay_ctx *child;
    belay_ctx *children[CHILDREN];
    struct belay_watch watches[CHILDREN];
    int told[CHILDREN];
    bool won[2];
    int live[2];
    bool taken;
};

static void prepare_parent(void *arg)
{
    struct tree *t = arg;
    *t = (struct tree){.parent = &make_crowded(NULL)->base};
}

static void prepare_children(void *arg)
{
    struct tree *t = arg;
    prepare_parent(t);
    for (unsigned i = 0; i < CHILDREN; ++i) {
        cpu_now = i;
        t->children[i] = belay_with_cancel(t->parent);
        CHECK(belay_watch(t->children[i], &t->watches[i], count_call,
                          &t->told[i]));
    }
}

static int count_told(const struct tree *t)
{
    int count = 0;
    for (int i = 0; i < CHILDREN; ++i)
        count += t->told[i];
    return count;
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

static void cancel_parent(void *arg)
{
    belay_cancel_cause(((struct tree *)arg)->parent, -EPIPE, NULL);
}

static void run(void (*prepare)(void *), void (*left)(void *),
                void (*right)(void *), void (*check)(void *))
{
    struct tree tree;
    run_race((struct race){prepare, left, right, check, &tree}, RACES / 2);
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
    for (int i = 0; i < 8; ++i)
        run(prepare_parent, derive, cancel_parent, check_derived);
}

static void check_one_won(void *arg)
{
    struct tree *t = arg;
    CHECK(t->won[0] + t->won[1] == 1);
    CHECK(t->live[0] == 0 && t->live[1] == 0);
    CHECK(count_told(t) == CHILDREN);
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

static void check_all_told(void *arg)
{
    struct tree *t = arg;
    for (int i = 0; i < CHILDREN; ++i)
        CHECK(!belay_unwatch(&t->watches[i]) && t->told[i] == 1);
    t->children[5] = NULL;
    end_all(t);
}

TEST(a_child_may_be_ended_while_its_crowded_parent_is_canceled)
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
    CHECK(count_told(t) == (t->taken ? CHILDREN - 1 : CHILDREN));
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

TEST(references_to_a_crowded_parent_come_and_go_while_it_is_canceled)
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

/* --- Two threads that make one crowd ------------------------------------ */

static struct cancel_ctx *to_be_crowded;

/* Another thread is faster: it comes in between. */
static void *allocate_late(size_t size)
{
    belay__seams.allocate = belay__os_allocate;
    belay__make_crowd(to_be_crowded);
    return belay__os_allocate(size);
}

TEST(of_two_crowds_made_at_once_one_is_kept)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    to_be_crowded = (struct cancel_ctx *)parent;
    while (!is_crowded(to_be_crowded)) {
        belay__seams.allocate = allocate_late;
        belay__make_crowd(to_be_crowded);
    }
    belay__seams.allocate = belay__os_allocate;
    cpu_now = 4;
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel(parent));

    CHECK(belay_err(child) == BELAY_CANCELED);
    belay_end(child);
    belay_end(parent);
}

/* --- Each side made to win ---------------------------------------------- */

static void *cancel_it(void *parent)
{
    belay_cancel_cause(parent, -EPIPE, NULL);
    return NULL;
}

static void *derive_there(void *parent)
{
    return derive_on(7, parent);
}

/* Under the lock of its crowd, it has seen the parent live; the canceler has
   entered the parent, and waits for that lock. */
TEST(a_child_made_while_its_crowded_parent_is_being_marked_ends_with_it)
{
    delay_install();
    struct cancel_ctx *parent = make_crowded(NULL);
    delay_hold("join");
    pthread_t deriver = start(derive_there, parent);
    delay_await("join");
    delay_hold("entered");
    pthread_t canceler = start(cancel_it, &parent->base);
    delay_await("entered");

    delay_release("join");
    belay_ctx *child = join(deriver);
    delay_release("entered");
    join(canceler);

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_cause(child)->code == -EPIPE);
    belay_end(child);
    belay_end(&parent->base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deriving_from_a_crowded_parent_never_loses_a_cancel),
        cmocka_unit_test(of_two_cancels_of_a_crowded_parent_one_wins),
        cmocka_unit_test(
            a_child_may_be_ended_while_its_crowded_parent_is_canceled),
        cmocka_unit_test(
            a_watch_under_a_crowded_parent_is_either_taken_back_or_told),
        cmocka_unit_test(
            references_to_a_crowded_parent_come_and_go_while_it_is_canceled),
        cmocka_unit_test(whoever_sees_a_crowded_parent_ended_sees_all_ended),
        cmocka_unit_test(of_two_crowds_made_at_once_one_is_kept),
        cmocka_unit_test(
            a_child_made_while_its_crowded_parent_is_being_marked_ends_with_it),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
