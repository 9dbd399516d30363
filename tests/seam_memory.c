/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/failing.h"

#include <limits.h>

/* Rule 11: what each function does when there is no memory. */

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

static const struct belay_key owned = {"owned", count_destroyed};

static void refuse_memory(void)
{
    failing_between(ALLOCATE, 0, INT_MAX, -ENOMEM);
}

static belay_ctx *refused(void)
{
    refuse_memory();
    belay_ctx *ctx = belay_with_cancel(NULL);
    failing_never();
    return ctx;
}

TEST(without_memory_every_maker_refuses_the_work)
{
    int destroyed = 0;
    refuse_memory();
    belay_ctx *made[] = {
        belay_with_cancel(NULL),
        belay_with_timeout(NULL, BELAY_HOUR),
        belay_with_timeout(NULL, 0),
        belay_with_deadline(NULL, BELAY_FOREVER),
        belay_with_timeout_cause(NULL, BELAY_HOUR, -EIO, "too slow"),
        belay_with_deadline_cause(NULL, belay_now(), -EIO, "too slow"),
        belay_with_value(NULL, &owned, &destroyed),
        belay_without_cancel(NULL),
    };
    failing_never();

    for (size_t i = 0; i < LENGTH(made); ++i) {
        CHECK(made[i] != NULL);
        CHECK(belay_err(made[i]) == -ENOMEM);
        belay_end(made[i]);
    }
}

/* VA08 */
TEST(without_memory_a_value_is_destroyed_at_once)
{
    int destroyed = 0;
    refuse_memory();

    belay_ctx *ctx = belay_with_value(NULL, &owned, &destroyed);
    CHECK(destroyed == 1);
    belay_end(ctx);

    CHECK(destroyed == 1);
    failing_never();
}

TEST(a_refused_context_is_as_any_other_that_has_ended)
{
    belay_ctx *ctx = refused();
    struct belay_watch watch = {0};
    int calls = 0;

    CHECK(belay_cause(ctx)->code == -ENOMEM);
    CHECK(belay_cause(ctx)->text != NULL);
    CHECK(belay_cause(ctx)->where != NULL);
    CHECK(belay_stopped(ctx) == 1);
    CHECK(belay_remaining(ctx) == 0);
    CHECK(!belay_cancel(ctx));
    CHECK(!belay_cancel_cause(ctx, -EPIPE, "late"));
    CHECK(!belay_watch(ctx, &watch, count_call, &calls));
    CHECK(belay_describe(ctx, NULL, 0) > 0 && belay_explain(ctx, NULL, 0) > 0);
    belay_end(ctx);
    CHECK(calls == 0);
}

TEST(every_wait_on_a_refused_context_is_over)
{
    belay_ctx *ctx = refused();
    struct pollfd none = {-1, POLLIN, -1};

    CHECK(belay_wait(ctx) == -ENOMEM);
    CHECK(belay_sleep(ctx, BELAY_HOUR) == -ENOMEM);
    CHECK(belay_poll(ctx, &none, 1, -1) == -ENOMEM);
    CHECK(belay_fd(ctx) >= 0 && is_readable(belay_fd(ctx)));

    belay_end(ctx);
}

TEST(what_is_derived_from_a_refused_context_is_refused)
{
    belay_ctx *parent = refused();
    belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);
    belay_ctx *detached = belay_without_cancel(parent);

    CHECK(belay_err(child) == -ENOMEM);
    CHECK(belay_cause(child)->code == -ENOMEM);
    CHECK(belay_err(detached) == 0);

    belay_end(detached);
    belay_end(child);
    belay_end(parent);
}

TEST(refused_contexts_are_given_back_as_any_other)
{
    for (int i = 0; i < 10; ++i) {
        belay_ctx *first = refused();
        belay_ctx *second = refused();
        const belay_ctx *kept = belay_ref(first);

        belay_end(first);
        belay_end(second);

        CHECK(belay_err(kept) == -ENOMEM);
        belay_unref(kept);
    }
}

TEST(an_after_function_of_a_refused_context_runs)
{
    sem_t ran;
    sem_init(&ran, 0, 0);
    belay_ctx *ctx = refused();

    struct belay_after *after = belay_after_func(ctx, post, &ran);

    CHECK(after != NULL);
    await(&ran);
    CHECK(!belay_after_join(after));
    belay_end(ctx);
}

static void never(void *arg)
{
    (void)arg;
    abort();
}

TEST(without_memory_there_is_no_after_function)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    refuse_memory();

    struct belay_after *after = belay_after_func(ctx, never, NULL);

    failing_never();
    CHECK(after == NULL);
    CHECK(!belay_after_stop(after) && !belay_after_join(after));
    CHECK(belay_cancel(ctx));
    belay_end(ctx);
}

/* Rule 4 */
TEST(a_cancel_needs_no_memory)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(child, &watch, count_call, &calls));
    CHECK(belay_fd(child) >= 0);

    refuse_memory();
    CHECK(belay_cancel(parent));
    CHECK(failing_count(ALLOCATE) == 0);
    failing_never();

    CHECK(calls == 1 && belay_err(child) == BELAY_CANCELED);
    belay_end(child);
    belay_end(parent);
}

TEST(without_memory_a_cause_has_its_codes_text_and_keeps_the_rest)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    refuse_memory();

    CHECK(belay_cancel_cause_at(ctx, "here.c:1", -EPIPE, "%s left", "client"));

    failing_never();
    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(belay_cause(ctx)->code == -EPIPE);
    assert_string_equal(belay_cause(ctx)->text, belay_strerror(-EPIPE));
    assert_string_equal(belay_cause(ctx)->where, "here.c:1");
    belay_end(ctx);
}

TEST(watching_asking_and_waiting_need_no_memory)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    struct belay_watch watch;
    char text[300];
    int calls = 0;
    refuse_memory();

    CHECK(belay_watch(ctx, &watch, count_call, &calls));
    CHECK(belay_unwatch(&watch));
    CHECK(belay_err(ctx) == 0 && belay_cause(ctx) == NULL);
    CHECK(belay_describe(ctx, text, sizeof text) > 0);
    CHECK(belay_explain(ctx, text, sizeof text) >= 0);
    CHECK(belay_sleep(ctx, 1) == 0);
    belay_unref(belay_ref(ctx));
    belay_end(ctx);

    CHECK(failing_count(ALLOCATE) == 0);
    failing_never();
}

/* --- No descriptors ----------------------------------------------------- */

TEST(without_a_descriptor_there_is_an_errno)
{
    const int errs[] = {-EMFILE, -ENFILE, -ENOMEM};
    for (size_t i = 0; i < LENGTH(errs); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);

        failing_between(EVENT, 0, 0, errs[i]);
        CHECK(belay_fd(ctx) == errs[i]);
        CHECK(belay_fd(ctx) >= 0);

        CHECK(belay_err(ctx) == 0);
        belay_end(ctx);
    }
    failing_never();
}

TEST(without_a_timer_the_clock_is_not_driven_by_the_program)
{
    failing_between(TIMER, 0, 0, -EMFILE);

    CHECK(belay_clock_fd() == -EMFILE);
    failing_never();

    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    CHECK(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_every_maker_refuses_the_work),
        cmocka_unit_test(without_memory_a_value_is_destroyed_at_once),
        cmocka_unit_test(a_refused_context_is_as_any_other_that_has_ended),
        cmocka_unit_test(every_wait_on_a_refused_context_is_over),
        cmocka_unit_test(what_is_derived_from_a_refused_context_is_refused),
        cmocka_unit_test(refused_contexts_are_given_back_as_any_other),
        cmocka_unit_test(an_after_function_of_a_refused_context_runs),
        cmocka_unit_test(without_memory_there_is_no_after_function),
        cmocka_unit_test(a_cancel_needs_no_memory),
        cmocka_unit_test(
            without_memory_a_cause_has_its_codes_text_and_keeps_the_rest),
        cmocka_unit_test(watching_asking_and_waiting_need_no_memory),
        cmocka_unit_test(without_a_descriptor_there_is_an_errno),
        cmocka_unit_test(
            without_a_timer_the_clock_is_not_driven_by_the_program),
    };
    watchdog();
    failing_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
