/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <errno.h>

static unsigned family(const belay_ctx *ctx)
{
    return ((const struct cancel_ctx *)ctx)->family;
}

TEST(a_parent_that_is_not_contended_shares_its_family_with_its_children)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(family(child) == family(parent));

    belay_end(child);
    belay_end(parent);
}

TEST(children_of_a_crowded_parent_are_of_the_family_of_their_processor)
{
    struct cancel_ctx *parent = make_crowded(NULL);

    belay_ctx *a = derive_on(3, parent);
    belay_ctx *b = derive_on(4, parent);
    belay_ctx *below = belay_with_cancel(a);

    CHECK(family(a) != family(b));
    CHECK(family(below) == family(a));
    belay_end(below);
    belay_end(b);
    belay_end(a);
    belay_end(&parent->base);
}

TEST(canceling_a_crowded_parent_ends_all_families_before_anyone_is_told)
{
    struct cancel_ctx *parent = make_crowded(NULL);
    belay_ctx *early = derive_on(0, parent);
    belay_ctx *children[CROWDS];
    struct belay_watch watches[CROWDS];
    int told = 0;
    for (unsigned i = 0; i < CROWDS; ++i) {
        children[i] = derive_on(i, parent);
        CHECK(belay_watch(children[i], &watches[i], count_call, &told));
    }

    CHECK(belay_cancel_cause(&parent->base, -EPIPE, "gone"));

    CHECK(told == CROWDS);
    for (unsigned i = 0; i < CROWDS; ++i) {
        CHECK(belay_err(children[i]) == BELAY_CANCELED);
        CHECK(belay_cause(children[i])->code == -EPIPE);
        belay_end(children[i]);
    }
    belay_end(early);
    belay_end(&parent->base);
}

TEST(a_child_that_ends_first_leaves_a_crowded_parent)
{
    struct cancel_ctx *parent = make_crowded(NULL);
    belay_ctx *child = derive_on(7, parent);
    belay_ctx *sibling = derive_on(7, parent);

    belay_cancel(child);

    CHECK(belay_err(&parent->base) == 0);
    CHECK(belay_err(sibling) == 0);
    belay_end(child);
    belay_end(sibling);
    CHECK(parent->crowd->shards[7].children == NULL);
    CHECK(parent->crowd->shards[7].held == 0);
    belay_end(&parent->base);
}

TEST(references_to_a_crowded_parent_may_go_on_another_processor)
{
    struct cancel_ctx *parent = make_crowded(NULL);
    cpu_now = 1;
    const belay_ctx *held = belay_ref(&parent->base);
    cpu_now = 2;
    belay_unref(belay_ref(held));
    belay_unref(held);
    cpu_now = 1;
    held = belay_ref(&parent->base);

    belay_end(&parent->base);

    CHECK(belay_err(held) == BELAY_CANCELED);
    belay_unref(held);
}

TEST(a_child_keeps_a_crowded_parent_that_was_given_back)
{
    struct cancel_ctx *parent = make_crowded(NULL);
    belay_ctx *child = derive_on(5, parent);

    belay_end_at(&parent->base, "here.c:1");

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(strcmp(belay_cause(child)->where, "here.c:1") == 0);
    belay_end(child);
}

TEST(a_child_of_a_crowded_parent_that_has_ended_is_born_ended)
{
    struct cancel_ctx *parent = make_crowded(NULL);
    belay_cancel_cause(&parent->base, -EPIPE, "gone");

    belay_ctx *child = derive_on(9, parent);

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_cause(child)->code == -EPIPE);
    belay_end(&parent->base);
    CHECK(strcmp(belay_cause(child)->text, "gone") == 0);
    belay_end(child);
}

TEST(a_crowd_within_a_crowd_ends_with_it)
{
    /* The inner one is of the tree's family: it was made before the crowd. */
    belay_ctx *root = belay_with_cancel(NULL);
    struct cancel_ctx *inner = make_crowded(root);
    struct cancel_ctx *top = (struct cancel_ctx *)root;
    for (int i = 0; i < 100 && !is_crowded(top); ++i)
        belay__make_crowd(top);
    belay_ctx *below_inner = derive_on(3, inner);
    belay_ctx *below_top = derive_on(3, top);
    int told = 0;
    struct belay_watch first, second;
    CHECK(belay_watch(below_inner, &first, count_call, &told));
    CHECK(belay_watch(below_top, &second, count_call, &told));

    belay_cancel(root);

    CHECK(belay_err(below_inner) == BELAY_CANCELED);
    CHECK(belay_err(below_top) == BELAY_CANCELED);
    CHECK(told == 2);
    belay_end(below_inner);
    belay_end(below_top);
    belay_end(&inner->base);
    belay_end(root);
}

TEST(a_value_under_a_crowded_parent_holds_it)
{
    static const struct belay_key key = {"key", NULL};
    struct cancel_ctx *parent = make_crowded(NULL);
    cpu_now = 2;
    belay_ctx *value = belay_with_value(&parent->base, &key, &cpu_now);
    belay_ctx *child = belay_with_cancel(value);

    belay_end(&parent->base);

    CHECK(belay_err(value) == BELAY_CANCELED);
    CHECK(belay_err(child) == BELAY_CANCELED);
    belay_end(value);
    void *found = NULL;
    CHECK(belay_value(child, &key, &found) && found == &cpu_now);
    belay_end(child);
}

static void *nothing(size_t size)
{
    (void)size;
    return NULL;
}

TEST(without_memory_for_a_crowd_the_parent_stays_as_it_is)
{
    struct cancel_ctx *parent =
        (struct cancel_ctx *)belay_with_cancel_at(NULL, BELAY_HERE);
    void *(*before)(size_t) = belay__seams.allocate;

    belay__seams.allocate = nothing;
    for (int i = 0; i < 100; ++i)
        belay__make_crowd(parent);
    belay__seams.allocate = before;

    CHECK(!is_crowded(parent));
    belay_ctx *child = derive_on(1, parent);
    belay_cancel(&parent->base);
    CHECK(belay_err(child) == BELAY_CANCELED);
    belay_end(child);
    belay_end(&parent->base);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_parent_that_is_not_contended_shares_its_family_with_its_children),
        cmocka_unit_test(
            children_of_a_crowded_parent_are_of_the_family_of_their_processor),
        cmocka_unit_test(
            canceling_a_crowded_parent_ends_all_families_before_anyone_is_told),
        cmocka_unit_test(a_child_that_ends_first_leaves_a_crowded_parent),
        cmocka_unit_test(
            references_to_a_crowded_parent_may_go_on_another_processor),
        cmocka_unit_test(a_child_keeps_a_crowded_parent_that_was_given_back),
        cmocka_unit_test(
            a_child_of_a_crowded_parent_that_has_ended_is_born_ended),
        cmocka_unit_test(a_crowd_within_a_crowd_ends_with_it),
        cmocka_unit_test(a_value_under_a_crowded_parent_holds_it),
        cmocka_unit_test(without_memory_for_a_crowd_the_parent_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
