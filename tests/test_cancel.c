/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* CU03, S16 */
TEST(canceling_ends_a_context_with_canceled)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_err(ctx) == 0);

    CHECK(belay_cancel(ctx));

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(belay_stopped(ctx) == 1);
    belay_end(ctx);
}

/* Rule 1, S14 */
TEST(only_the_first_cancel_ends_a_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_cancel(ctx));

    CHECK(!belay_cancel(ctx));
    CHECK(!belay_cancel_cause(ctx, -EPIPE, "too late"));
    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(belay_cause(ctx)->code == BELAY_CANCELED);
    belay_end(ctx);
}

/* CA03: what embeds a context passes it on as a value context does. */
TEST(what_is_derived_from_a_live_context_is_live)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *wrapper = belay_with_value(parent, &key, NULL);
    belay_ctx *child = belay_with_cancel(wrapper);
    belay_ctx *all[] = {parent, wrapper, child};

    for (size_t i = 0; i < LENGTH(all); ++i) {
        CHECK(belay_err(all[i]) == 0);
        CHECK(belay_cause(all[i]) == NULL);
        CHECK(belay_fd(all[i]) >= 0 && !is_readable(belay_fd(all[i])));
    }

    for (size_t i = LENGTH(all); i-- > 0;)
        belay_end(all[i]);
}

/* CA05, rule 3 */
TEST(canceling_reaches_every_kind_of_descendant)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    belay_ctx *value = belay_with_value(parent, &key, NULL);
    belay_ctx *timed = belay_with_timeout(value, BELAY_HOUR);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *after = belay_after_func(parent, post, &ran);

    CHECK(belay_cancel(parent));

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_err(value) == BELAY_CANCELED);
    CHECK(belay_err(timed) == BELAY_CANCELED);
    await(&ran);
    CHECK(!belay_after_join(after));
    belay_end(timed);
    belay_end(value);
    belay_end(child);
    belay_end(parent);
}

/* CA07 */
TEST(canceling_a_child_leaves_its_parent_live)
{
    belay_ctx *cancelable = belay_with_cancel(NULL);
    const belay_ctx *parents[] = {belay_background(), cancelable};

    for (size_t i = 0; i < LENGTH(parents); ++i) {
        belay_ctx *child = belay_with_cancel(parents[i]);

        CHECK(belay_cancel(child));

        CHECK(belay_err(child) == BELAY_CANCELED);
        CHECK(belay_err(parents[i]) == 0);
        CHECK(belay_cause(parents[i]) == NULL);
        belay_end(child);
    }
    belay_end(cancelable);
}

/* S15 */
TEST(canceling_a_child_leaves_its_siblings_live)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *children[3];
    for (size_t i = 0; i < 3; ++i)
        children[i] = belay_with_cancel(parent);

    CHECK(belay_cancel(children[1]));

    CHECK(belay_err(children[0]) == 0);
    CHECK(belay_err(children[2]) == 0);
    for (size_t i = 0; i < 3; ++i)
        belay_end(children[i]);
    belay_end(parent);
}

/* CA08, rule 5: had the parent kept any of them, it would now walk over freed
   memory.  That nothing is left at all is for test_scale.c. */
TEST(children_that_have_ended_leave_nothing_in_their_parent)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *children[9];
    for (size_t i = 0; i < LENGTH(children); ++i)
        children[i] = belay_with_cancel(parent);

    for (size_t i = 0; i < LENGTH(children); ++i)
        belay_end(children[(i * 4) % LENGTH(children)]);

    CHECK(belay_cancel(parent));
    belay_end(parent);
}

/* CA15, rule 6, S17 */
TEST(a_child_of_an_ended_parent_is_born_ended)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    CHECK(belay_cancel_cause(parent, -EPIPE, "parent"));
    belay_ctx *children[] = {
        belay_with_cancel(parent),
        belay_with_timeout(parent, BELAY_HOUR),
        belay_with_timeout_cause(parent, BELAY_HOUR, -EIO, "slow"),
    };

    for (size_t i = 0; i < LENGTH(children); ++i) {
        CHECK(belay_err(children[i]) == BELAY_CANCELED);
        CHECK(belay_cause(children[i])->code == -EPIPE);
        assert_string_equal(belay_cause(children[i])->text, "parent");
        CHECK(!belay_cancel(children[i]));
        belay_end(children[i]);
    }
    belay_end(parent);
}

/* S19, S47 */
TEST(an_ended_context_keeps_its_value_deadline_and_description)
{
    static const struct belay_key key = {"key", NULL};
    int number = 0;
    void *found = NULL;
    belay_time when = 0;
    belay_time late = belay_now() + BELAY_HOUR;
    belay_ctx *value = belay_with_value(NULL, &key, &number);
    belay_ctx *ctx = belay_with_deadline(value, late);

    belay_cancel(ctx);

    CHECK(belay_value(ctx, &key, &found) && found == &number);
    CHECK(belay_deadline(ctx, &when) && when == late);
    CHECK(belay_describe(ctx, NULL, 0) > 0);
    belay_end(ctx);
    belay_end(value);
}

TEST(ending_cancels_whatever_is_derived)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    belay_ctx *grandchild = belay_with_cancel(child);

    belay_end(parent);

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_err(grandchild) == BELAY_CANCELED);
    belay_end(child);
    belay_end(grandchild);
}

TEST(ending_null_is_fine)
{
    belay_end(NULL);
    belay_unref(NULL);

    CHECK(!belay_cancel(NULL));
    CHECK(belay_err(NULL) == 0);
}

TEST(a_context_ends_where_its_variable_goes_out_of_scope)
{
    const belay_ctx *kept;
    {
        BELAY_AUTO belay_ctx *ctx = belay_with_cancel(NULL);
        kept = belay_ref(ctx);
        CHECK(belay_err(kept) == 0);
    }

    CHECK(belay_err(kept) == BELAY_CANCELED);
    belay_unref(kept);
}

/* Class K, reliability row 84 */
static void cancel_it(void *arg, int err)
{
    (void)err;
    belay_cancel(arg);
}

TEST(contexts_that_cancel_each_other_all_end)
{
    belay_ctx *ring[100];
    struct belay_watch watches[100] = {0};
    for (size_t i = 0; i < LENGTH(ring); ++i)
        ring[i] = belay_with_cancel(NULL);
    for (size_t i = 0; i < LENGTH(ring); ++i)
        CHECK(belay_watch(ring[i], &watches[i], cancel_it,
                          ring[(i + 1) % LENGTH(ring)]));

    CHECK(belay_cancel(ring[0]));

    for (size_t i = 0; i < LENGTH(ring); ++i)
        CHECK(belay_err(ring[i]) == BELAY_CANCELED);
    for (size_t i = 0; i < LENGTH(ring); ++i)
        belay_end(ring[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canceling_ends_a_context_with_canceled),
        cmocka_unit_test(only_the_first_cancel_ends_a_context),
        cmocka_unit_test(what_is_derived_from_a_live_context_is_live),
        cmocka_unit_test(canceling_reaches_every_kind_of_descendant),
        cmocka_unit_test(canceling_a_child_leaves_its_parent_live),
        cmocka_unit_test(canceling_a_child_leaves_its_siblings_live),
        cmocka_unit_test(
            children_that_have_ended_leave_nothing_in_their_parent),
        cmocka_unit_test(a_child_of_an_ended_parent_is_born_ended),
        cmocka_unit_test(
            an_ended_context_keeps_its_value_deadline_and_description),
        cmocka_unit_test(ending_cancels_whatever_is_derived),
        cmocka_unit_test(ending_null_is_fine),
        cmocka_unit_test(a_context_ends_where_its_variable_goes_out_of_scope),
        cmocka_unit_test(contexts_that_cancel_each_other_all_end),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
