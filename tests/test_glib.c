/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/glib.h>

#include <glib-unix.h>

TEST(a_cancellable_is_cancelled_when_its_context_ends)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    GCancellable *cancellable = belay_glib_cancellable(ctx);
    CHECK(!g_cancellable_is_cancelled(cancellable));

    belay_cancel(ctx);

    CHECK(g_cancellable_is_cancelled(cancellable));
    g_object_unref(cancellable);
    belay_end(ctx);
}

TEST(the_cancellable_of_an_ended_context_is_cancelled)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);

    GCancellable *cancellable = belay_glib_cancellable(ctx);

    CHECK(g_cancellable_is_cancelled(cancellable));
    g_object_unref(cancellable);
    belay_end(ctx);
}

TEST(the_cancellable_of_what_never_ends_is_an_ordinary_one)
{
    GCancellable *cancellable = belay_glib_cancellable(NULL);
    CHECK(!g_cancellable_is_cancelled(cancellable));
    g_cancellable_cancel(cancellable);
    CHECK(g_cancellable_is_cancelled(cancellable));
    g_object_unref(cancellable);
}

TEST(cancelling_the_cancellable_ends_no_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    GCancellable *cancellable = belay_glib_cancellable(ctx);

    g_cancellable_cancel(cancellable);

    CHECK(belay_err(ctx) == 0);
    g_object_unref(cancellable);
    belay_end(ctx);
}

TEST(either_may_outlive_the_other)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    GCancellable *shorter = belay_glib_cancellable(ctx);
    GCancellable *longer = belay_glib_cancellable(ctx);

    g_object_unref(shorter);
    belay_end(ctx);

    CHECK(g_cancellable_is_cancelled(longer));
    g_object_unref(longer);
}

static void unref_object(GCancellable *cancellable, gpointer data)
{
    (void)data;
    g_object_unref(cancellable);
}

TEST(a_handler_may_give_its_cancellable_back)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    GCancellable *cancellable = belay_glib_cancellable(ctx);
    g_signal_connect(cancellable, "cancelled", G_CALLBACK(unref_object), NULL);
    GWeakRef weak;
    g_weak_ref_init(&weak, cancellable);

    belay_cancel(ctx);

    CHECK(g_weak_ref_get(&weak) == NULL);
    g_weak_ref_clear(&weak);
    belay_end(ctx);
}

TEST(a_context_ends_when_its_cancellable_is_cancelled_and_says_so)
{
    GCancellable *cancellable = g_cancellable_new();
    belay_ctx *ctx = belay_with_cancellable(NULL, cancellable);
    CHECK(belay_err(ctx) == 0);

    g_cancellable_cancel(cancellable);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(strstr(belay_cause(ctx)->text, "GCancellable") != NULL);
    CHECK(strstr(belay_cause(ctx)->where, "test_glib.c:") != NULL);
    belay_end(ctx);
    g_object_unref(cancellable);
}

TEST(a_context_of_a_cancelled_cancellable_is_born_ended)
{
    GCancellable *cancellable = g_cancellable_new();
    g_cancellable_cancel(cancellable);

    belay_ctx *ctx = belay_with_cancellable(NULL, cancellable);
    g_cancellable_reset(cancellable);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
    g_object_unref(cancellable);
}

TEST(a_context_ends_with_its_parent_and_leaves_the_cancellable)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    GCancellable *cancellable = g_cancellable_new();
    belay_ctx *ctx = belay_with_cancellable(parent, cancellable);

    belay_cancel(parent);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(!g_cancellable_is_cancelled(cancellable));
    belay_end(ctx);
    g_object_unref(cancellable);
    belay_end(parent);
}

TEST(no_cancellable_is_one_that_nobody_cancels)
{
    belay_ctx *ctx = belay_with_cancellable(NULL, NULL);
    CHECK(belay_err(ctx) == 0);
    belay_cancel(ctx);
    CHECK(belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(a_context_given_back_leaves_nothing_at_its_cancellable)
{
    GCancellable *cancellable = g_cancellable_new();

    belay_end(belay_with_cancellable(NULL, cancellable));

    CHECK(G_OBJECT(cancellable)->ref_count == 1);
    CHECK(
        g_signal_handler_find(cancellable, G_SIGNAL_MATCH_ID,
                              g_signal_lookup("cancelled", G_TYPE_CANCELLABLE),
                              0, NULL, NULL, NULL) == 0);
    g_object_unref(cancellable);
}

static void end_context(void *ctx, int err)
{
    (void)err;
    belay_end(ctx);
}

/* Where g_cancellable_disconnect() would wait for itself. */
TEST(a_context_may_be_given_back_while_its_cancellable_is_being_cancelled)
{
    GCancellable *cancellable = g_cancellable_new();
    belay_ctx *ctx = belay_with_cancellable(NULL, cancellable);
    struct belay_watch watch = {0};
    CHECK(belay_watch(ctx, &watch, end_context, ctx));

    g_cancellable_cancel(cancellable);

    CHECK(!belay_unwatch(&watch));
    CHECK(G_OBJECT(cancellable)->ref_count == 1);
    g_object_unref(cancellable);
}

TEST(an_end_passes_through_a_cancellable_into_another_context)
{
    belay_ctx *first = belay_with_cancel(NULL);
    GCancellable *cancellable = belay_glib_cancellable(first);
    belay_ctx *second = belay_with_cancellable(NULL, cancellable);
    g_object_unref(cancellable);

    belay_cancel(first);

    CHECK(belay_err(second) == BELAY_CANCELED);
    belay_end(second);
    belay_end(first);
}

/* --- In a loop ------------------------------------------------------------ */

static gboolean quit(GCancellable *cancellable, gpointer loop)
{
    (void)cancellable;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gboolean run_clock(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    *(int *)data += belay_clock_run();
    return G_SOURCE_CONTINUE;
}

TEST(a_loop_drives_the_deadline_that_makes_it_quit)
{
    int fired = 0;
    guint clock = g_unix_fd_add(belay_clock_fd(), G_IO_IN, run_clock, &fired);
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    GCancellable *cancellable = belay_glib_cancellable(ctx);
    GSource *source = g_cancellable_source_new(cancellable);
    g_source_set_callback(source, G_SOURCE_FUNC(quit), loop, NULL);
    g_source_attach(source, NULL);

    g_main_loop_run(loop);

    CHECK(fired == 1 && belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    g_source_unref(source);
    g_object_unref(cancellable);
    belay_end(ctx);
    g_main_loop_unref(loop);
    g_source_remove(clock);
}

/* --- Races ---------------------------------------------------------------- */

struct pair {
    belay_ctx *ctx;
    GCancellable *cancellable;
};

static void make_cancellable(void *arg)
{
    struct pair *pair = arg;
    pair->ctx = belay_with_cancel(NULL);
    pair->cancellable = belay_glib_cancellable(pair->ctx);
}

static void make_context(void *arg)
{
    struct pair *pair = arg;
    pair->cancellable = g_cancellable_new();
    pair->ctx = belay_with_cancellable(NULL, pair->cancellable);
}

static void cancel_cancellable(void *arg)
{
    g_cancellable_cancel(((struct pair *)arg)->cancellable);
}

static void give_cancellable_back(void *arg)
{
    g_object_unref(((struct pair *)arg)->cancellable);
}

static void give_context_back(void *arg)
{
    belay_end(((struct pair *)arg)->ctx);
}

static void check_alone(void *arg)
{
    GCancellable *cancellable = ((struct pair *)arg)->cancellable;
    CHECK(G_OBJECT(cancellable)->ref_count == 1);
    CHECK(g_cancellable_is_cancelled(cancellable));
    g_object_unref(cancellable);
}

static void check_nothing(void *arg)
{
    (void)arg;
}

TEST(ending_a_context_races_with_giving_back_its_cancellable)
{
    struct pair pair;
    run_race((struct race){make_cancellable, give_context_back,
                           give_cancellable_back, check_nothing, &pair},
             RACES);
}

TEST(cancelling_races_with_giving_back_the_context)
{
    struct pair pair;
    run_race((struct race){make_context, cancel_cancellable, give_context_back,
                           check_alone, &pair},
             RACES);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancellable_is_cancelled_when_its_context_ends),
        cmocka_unit_test(the_cancellable_of_an_ended_context_is_cancelled),
        cmocka_unit_test(the_cancellable_of_what_never_ends_is_an_ordinary_one),
        cmocka_unit_test(cancelling_the_cancellable_ends_no_context),
        cmocka_unit_test(either_may_outlive_the_other),
        cmocka_unit_test(a_handler_may_give_its_cancellable_back),
        cmocka_unit_test(
            a_context_ends_when_its_cancellable_is_cancelled_and_says_so),
        cmocka_unit_test(a_context_of_a_cancelled_cancellable_is_born_ended),
        cmocka_unit_test(
            a_context_ends_with_its_parent_and_leaves_the_cancellable),
        cmocka_unit_test(no_cancellable_is_one_that_nobody_cancels),
        cmocka_unit_test(
            a_context_given_back_leaves_nothing_at_its_cancellable),
        cmocka_unit_test(
            a_context_may_be_given_back_while_its_cancellable_is_being_cancelled),
        cmocka_unit_test(
            an_end_passes_through_a_cancellable_into_another_context),
        cmocka_unit_test(a_loop_drives_the_deadline_that_makes_it_quit),
        cmocka_unit_test(
            ending_a_context_races_with_giving_back_its_cancellable),
        cmocka_unit_test(cancelling_races_with_giving_back_the_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
