/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/belay.h>

/* Races of whole contexts: made, ended, given back and asked while another
   thread cancels. */

enum { CHILDREN = 64 };

struct tree {
    belay_ctx *parent;
    belay_ctx *child;
    belay_ctx *children[CHILDREN];
    const belay_ctx *kept;
    struct belay_watch watch;
    int calls;
    bool won[2];
    int live[2]; /* children seen live by whoever returned from a cancel */
    int seen;
    int ready;
};

static void prepare_parent(void *arg)
{
    struct tree *t = arg;
    *t = (struct tree){.parent = belay_with_cancel(NULL)};
}

static void prepare_child(void *arg)
{
    struct tree *t = arg;
    prepare_parent(t);
    t->child = belay_with_cancel(t->parent);
    CHECK(belay_watch(t->child, &t->watch, count_call, &t->calls));
}

static void cancel_parent(void *arg)
{
    struct tree *t = arg;
    t->won[1] = belay_cancel_cause(t->parent, -EPIPE, "parent");
}

static void run(void (*prepare)(void *), void (*left)(void *),
                void (*right)(void *), void (*check)(void *))
{
    struct tree tree;
    run_race((struct race){prepare, left, right, check, &tree}, RACES);
}

/* --- CA16, rule 6, S18 -------------------------------------------------- */

static void derive(void *arg)
{
    struct tree *t = arg;
    t->child = belay_with_cancel(t->parent);
}

static void derive_with_deadline(void *arg)
{
    struct tree *t = arg;
    t->child = belay_with_timeout(t->parent, BELAY_HOUR);
}

static void check_derived(void *arg)
{
    struct tree *t = arg;
    CHECK(belay_err(t->child) == BELAY_CANCELED);
    CHECK(belay_cause(t->child)->code == -EPIPE);
    belay_end(t->child);
    belay_end(t->parent);
}

/* CA16, rule 6 */
TEST(deriving_never_loses_a_cancel)
{
    run(prepare_parent, derive, cancel_parent, check_derived);
    run(prepare_parent, derive_with_deadline, cancel_parent, check_derived);
}

/* --- Rule 5 ------------------------------------------------------------- */

static void end_child(void *arg)
{
    struct tree *t = arg;
    belay_end(t->child);
}

static void check_ended(void *arg)
{
    struct tree *t = arg;
    belay_unwatch(&t->watch);
    CHECK(t->calls == 1);
    belay_end(t->parent);
}

TEST(a_child_may_be_ended_while_its_parent_is_canceled)
{
    run(prepare_child, end_child, cancel_parent, check_ended);
}

static void derive_and_end(void *arg)
{
    struct tree *t = arg;
    for (int i = 0; i < 8; ++i)
        belay_end(belay_with_timeout(t->parent, BELAY_HOUR));
}

static void check_parent(void *arg)
{
    struct tree *t = arg;
    CHECK(belay_err(t->parent) == BELAY_CANCELED);
    belay_end(t->parent);
}

TEST(children_may_come_and_go_while_their_parent_is_canceled)
{
    run(prepare_parent, derive_and_end, cancel_parent, check_parent);
}

/* --- S23: the loser returns when the subtree has ended ------------------ */

static void prepare_many(void *arg)
{
    struct tree *t = arg;
    prepare_parent(t);
    for (int i = 0; i < CHILDREN; ++i)
        t->children[i] = belay_with_cancel(t->parent);
}

static void cancel_and_look(struct tree *t, int side)
{
    t->won[side] = belay_cancel(t->parent);
    for (int i = 0; i < CHILDREN; ++i)
        t->live[side] += belay_err(t->children[i]) == 0;
}

static void cancel_left(void *arg)
{
    cancel_and_look(arg, 0);
}

static void cancel_right(void *arg)
{
    cancel_and_look(arg, 1);
}

static void check_one_won(void *arg)
{
    struct tree *t = arg;
    CHECK(t->won[0] + t->won[1] == 1);
    CHECK(t->live[0] == 0 && t->live[1] == 0);
    for (int i = 0; i < CHILDREN; ++i)
        belay_end(t->children[i]);
    belay_end(t->parent);
}

TEST(of_two_cancels_one_wins_and_both_find_the_subtree_ended)
{
    run(prepare_many, cancel_left, cancel_right, check_one_won);
}

/* CA20; where Belay leaves Go: whoever sees the parent ended sees all ended. */
static void look_for_end(void *arg)
{
    struct tree *t = arg;
    while ((t->seen = belay_err(t->parent)) == 0)
        sched_yield();
    for (int i = 0; i < CHILDREN; ++i)
        t->live[0] += belay_err(t->children[i]) == 0;
}

static void check_seen(void *arg)
{
    struct tree *t = arg;
    CHECK(t->seen == BELAY_CANCELED);
    CHECK(t->live[0] == 0);
    for (int i = 0; i < CHILDREN; ++i)
        belay_end(t->children[i]);
    belay_end(t->parent);
}

TEST(whoever_sees_an_end_sees_the_whole_subtree_ended)
{
    run(prepare_many, look_for_end, cancel_right, check_seen);
}

/* --- CA17, S9, rule 2 --------------------------------------------------- */

static void prepare_fd(void *arg)
{
    struct tree *t = arg;
    prepare_parent(t);
    CHECK(belay_fd(t->parent) >= 0);
}

static void look_for_fd(void *arg)
{
    struct tree *t = arg;
    while (belay_err(t->parent) == 0)
        sched_yield();
    t->ready = is_readable(belay_fd(t->parent));
}

static void check_ready(void *arg)
{
    struct tree *t = arg;
    CHECK(t->ready);
    belay_end(t->parent);
}

/* CA17, rule 2 */
TEST(whoever_sees_an_end_finds_the_descriptor_readable)
{
    run(prepare_fd, look_for_fd, cancel_parent, check_ready);
}

static void make_fd(void *arg)
{
    ((struct tree *)arg)->seen = belay_fd(((struct tree *)arg)->parent);
}

static void check_fd(void *arg)
{
    struct tree *t = arg;
    CHECK(t->seen >= 0 && is_readable(t->seen));
    belay_end(t->parent);
}

TEST(a_descriptor_made_during_a_cancel_is_readable)
{
    run(prepare_parent, make_fd, cancel_parent, check_fd);
}

/* --- References --------------------------------------------------------- */

static void prepare_kept(void *arg)
{
    struct tree *t = arg;
    prepare_child(t);
    t->kept = belay_ref(t->child);
}

static void let_go(void *arg)
{
    struct tree *t = arg;
    belay_unref(t->kept);
}

static void end_both(void *arg)
{
    struct tree *t = arg;
    belay_end(t->parent);
    belay_end(t->child);
}

static void check_calls(void *arg)
{
    CHECK(((struct tree *)arg)->calls == 1);
}

TEST(a_reference_may_be_let_go_while_the_context_ends)
{
    run(prepare_kept, let_go, end_both, check_calls);
}

/* --- Waiting ------------------------------------------------------------ */

static void wait(void *arg)
{
    ((struct tree *)arg)->seen = belay_wait(((struct tree *)arg)->parent);
}

static void check_waited(void *arg)
{
    struct tree *t = arg;
    CHECK(t->seen == BELAY_CANCELED);
    belay_end(t->parent);
}

TEST(a_wait_that_begins_during_a_cancel_ends)
{
    run(prepare_parent, wait, cancel_parent, check_waited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deriving_never_loses_a_cancel),
        cmocka_unit_test(a_child_may_be_ended_while_its_parent_is_canceled),
        cmocka_unit_test(
            children_may_come_and_go_while_their_parent_is_canceled),
        cmocka_unit_test(
            of_two_cancels_one_wins_and_both_find_the_subtree_ended),
        cmocka_unit_test(whoever_sees_an_end_sees_the_whole_subtree_ended),
        cmocka_unit_test(whoever_sees_an_end_finds_the_descriptor_readable),
        cmocka_unit_test(a_descriptor_made_during_a_cancel_is_readable),
        cmocka_unit_test(a_reference_may_be_let_go_while_the_context_ends),
        cmocka_unit_test(a_wait_that_begins_during_a_cancel_ends),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
