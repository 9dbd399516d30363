/* SPDX-License-Identifier: MIT */
#include "stress.h"

/* --- Deriving ----------------------------------------------------------- */

static void prepare_crowd(void)
{
    s.ctx = &make_crowded(NULL)->base;
}

static void derive(void)
{
    cpu_now = 7;
    s.parent = belay_with_cancel(s.ctx);
    s.result = ((struct cancel_ctx *)s.parent)->base.state;
}

static int check_derived(void)
{
    MUST(s.won[1] && belay_err(s.parent) == BELAY_CANCELED);
    MUST(belay_cause(s.parent)->code == -EPIPE);
    belay_end(s.parent);
    belay_end(s.ctx);
    return s.result == LIVE ? 1 : 0;
}

TEST(a_child_of_who_is_canceled_ends_with_it)
{
    static const struct stress stress = {{"born ended", "ended later"},
                                         prepare_parent,
                                         cancel,
                                         derive,
                                         check_derived};
    run(&stress);
}

TEST(a_child_of_a_crowd_that_is_canceled_ends_with_it)
{
    static const struct stress stress = {{"born ended", "ended later"},
                                         prepare_crowd,
                                         cancel,
                                         derive,
                                         check_derived};
    run(&stress);
}

static void prepare_child(void)
{
    prepare_crowd();
    s.parent = derive_on(3, (struct cancel_ctx *)s.ctx);
    belay_watch(s.parent, &s.watch, count_told, NULL);
}

static void end_child(void)
{
    s.taken = belay_cancel(s.parent);
    s.result = belay_cause(s.parent)->code;
    belay_end(s.parent);
}

static int check_child(void)
{
    MUST(s.won[1] && s.told == 1);
    MUST(s.taken == (s.result == BELAY_CANCELED));
    belay_end(s.ctx);
    return s.taken ? 0 : 1;
}

TEST(a_child_of_a_crowd_ends_by_itself_or_with_it)
{
    static const struct stress stress = {{"by itself", "with its parent"},
                                         prepare_child,
                                         cancel,
                                         end_child,
                                         check_child};
    run(&stress);
}

/* --- Ending ------------------------------------------------------------- */

static void cancel_left(void)
{
    s.won[0] = belay_cancel_cause(s.ctx, -EIO, "left");
}

static int check_winner(void)
{
    MUST(s.won[0] + s.won[1] == 1);
    MUST(belay_cause(s.ctx)->code == (s.won[0] ? -EIO : -EPIPE));
    belay_end(s.ctx);
    return s.won[0] ? 0 : 1;
}

TEST(of_two_cancels_one_wins)
{
    static const struct stress stress = {
        {"left", "right"}, prepare_parent, cancel_left, cancel, check_winner};
    run(&stress);
}

static void prepare_kept(void)
{
    s.ctx = belay_with_cancel(NULL);
    s.kept = belay_ref(s.ctx);
}

static void end(void)
{
    belay_end(s.ctx);
}

static void cancel_and_let_go(void)
{
    s.won[1] = belay_cancel((belay_ctx *)s.kept);
    belay_unref(s.kept);
}

static int check_gone(void)
{
    return s.won[1] ? 0 : 1;
}

TEST(the_last_reference_goes_while_another_ends)
{
    static const struct stress stress = {
        {"ended by who let go", "by its maker"},
        prepare_kept,
        end,
        cancel_and_let_go,
        check_gone};
    run(&stress);
}

/* --- Values ------------------------------------------------------------- */

static int used[2]; /* plain: each side's, until it lets go */
static int found;

static void look_at_use(void *value)
{
    (void)value;
    found = used[0] + used[1];
}

static void prepare_value(void)
{
    static const struct belay_key key = {"key", look_at_use};
    found = used[0] = used[1] = 0;
    s.ctx = belay_with_value(NULL, &key, used);
    s.kept = belay_ref(s.ctx);
}

static void use_and_end(void)
{
    used[0] = 1;
    wobble("left");
    belay_end(s.ctx);
}

static void use_and_let_go(void)
{
    used[1] = 1;
    wobble("right");
    belay_unref(s.kept);
}

static int check_value(void)
{
    MUST(found == 2);
    return 0;
}

TEST(a_value_goes_with_its_last_reference)
{
    static const struct stress stress = {{"destroyed once"},
                                         prepare_value,
                                         use_and_end,
                                         use_and_let_go,
                                         check_value};
    run(&stress);
}

/* --- Becoming a crowd --------------------------------------------------- */

static void prepare_contended(void)
{
    s.ctx = belay_with_cancel(NULL);
    atomic_store(&((struct cancel_ctx *)s.ctx)->crowding, 31);
}

static void become_a_crowd(void)
{
    belay__make_crowd((struct cancel_ctx *)s.ctx);
}

static void derive_one(void)
{
    cpu_now = 7;
    s.parent = belay_with_cancel(s.ctx);
}

static int check_family(void)
{
    bool is_of_crowd = ((struct cancel_ctx *)s.parent)->family >= TREES;
    belay_end(s.ctx);
    MUST(belay_err(s.parent) == BELAY_CANCELED);
    belay_end(s.parent);
    return is_of_crowd ? 1 : 0;
}

TEST(a_child_is_of_its_parents_family_or_of_its_crowd)
{
    static const struct stress stress = {{"its parent's", "the crowd's"},
                                         prepare_contended,
                                         become_a_crowd,
                                         derive_one,
                                         check_family};
    run(&stress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_of_who_is_canceled_ends_with_it),
        cmocka_unit_test(a_child_of_a_crowd_that_is_canceled_ends_with_it),
        cmocka_unit_test(a_child_of_a_crowd_ends_by_itself_or_with_it),
        cmocka_unit_test(of_two_cancels_one_wins),
        cmocka_unit_test(the_last_reference_goes_while_another_ends),
        cmocka_unit_test(a_value_goes_with_its_last_reference),
        cmocka_unit_test(a_child_is_of_its_parents_family_or_of_its_crowd),
    };
    return run_stress(tests, LENGTH(tests));
}
