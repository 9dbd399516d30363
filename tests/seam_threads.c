/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/failing.h"

#include <limits.h>

/* Rule 10: what asks for a thread, and what becomes of it if there is none.
   A thread that is refused is asked for again, so these tests do not depend on
   each other; those that get one come last. */

static void refuse_threads(void)
{
    failing_between(THREAD, 0, INT_MAX, -EAGAIN);
}

static void use_without_time(void)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(parent, &key, NULL);
    belay_ctx *child = belay_with_cancel(value);
    struct belay_watch watch;
    int calls = 0;
    CHECK(belay_watch(child, &watch, count_call, &calls));
    CHECK(belay_fd(child) >= 0);
    CHECK(belay_sleep(child, 1) == 0);
    CHECK(belay_poll(child, NULL, 0, 1) == 0);
    CHECK(belay_cancel(parent) && belay_wait(child) == BELAY_CANCELED);
    CHECK(calls == 1);
    belay_end(child);
    belay_end(value);
    belay_end(parent);
}

/* CC01, CC03 */
TEST(nothing_but_deadlines_and_after_functions_asks_for_a_thread)
{
    refuse_threads();

    use_without_time();

    CHECK(failing_count(THREAD) == 0);
}

TEST(a_deadline_that_needs_no_clock_asks_for_no_thread)
{
    refuse_threads();
    belay_ctx *past = belay_with_timeout(NULL, 0);
    belay_ctx *none = belay_with_timeout(NULL, BELAY_FOREVER);
    belay_ctx *of_ended = belay_with_cancel(past);

    CHECK(belay_err(past) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(none) == 0);
    CHECK(failing_count(THREAD) == 0);
    belay_end(of_ended);
    belay_end(none);
    belay_end(past);
}

static void never(void *arg)
{
    (void)arg;
    abort();
}

/* AF08 */
TEST(an_after_function_of_what_can_never_end_asks_for_no_thread)
{
    refuse_threads();
    belay_ctx *detached = belay_without_cancel(NULL);

    struct belay_after *after = belay_after_func(detached, never, NULL);
    struct belay_after *of_root = belay_after_func(NULL, never, NULL);

    CHECK(after != NULL && of_root != NULL);
    CHECK(failing_count(THREAD) == 0);
    CHECK(belay_after_stop(after) && belay_after_stop(of_root));
    belay_end(detached);
}

TEST(without_a_thread_a_deadline_is_refused_and_not_unlimited)
{
    refuse_threads();
    belay_ctx *parent = belay_with_cancel(NULL);

    belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);

    CHECK(failing_count(THREAD) == 1);
    CHECK(belay_err(child) == -ENOMEM);
    CHECK(belay_cause(child)->code == -ENOMEM);
    CHECK(belay_err(parent) == 0);
    CHECK(is_readable(belay_fd(child)));
    belay_end(child);
    belay_end(parent);
}

/* DL09 for this refusal, too. */
TEST(without_a_thread_a_child_of_an_ended_parent_has_the_parents_end)
{
    refuse_threads();
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_cancel_cause(parent, -EPIPE, "left");

    belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);

    CHECK(belay_err(child) == BELAY_CANCELED);
    CHECK(belay_cause(child)->code == -EPIPE);
    belay_end(child);
    belay_end(parent);
}

TEST(without_a_thread_there_is_no_after_function)
{
    refuse_threads();
    belay_ctx *live = belay_with_cancel(NULL);
    belay_ctx *ended = belay_with_timeout(NULL, 0);

    CHECK(belay_after_func(live, never, NULL) == NULL);
    CHECK(belay_after_func(ended, never, NULL) == NULL);

    CHECK(belay_cancel(live));
    belay_end(ended);
    belay_end(live);
}

/* --- With threads ------------------------------------------------------- */

TEST(all_deadlines_share_one_thread)
{
    failing_never();
    belay_ctx *made[100];
    for (size_t i = 0; i < LENGTH(made); ++i)
        made[i] = belay_with_timeout(NULL, BELAY_HOUR + (int)i);

    CHECK(failing_count(THREAD) == 1);

    for (size_t i = 0; i < LENGTH(made); ++i)
        belay_end(made[i]);
}

/* S69: no thread for each registration. */
TEST(registering_many_after_functions_asks_for_one_thread)
{
    failing_never();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *made[100];

    for (size_t i = 0; i < LENGTH(made); ++i)
        made[i] = belay_after_func(ctx, never, NULL);

    CHECK(failing_count(THREAD) == 1);
    for (size_t i = 0; i < LENGTH(made); ++i)
        CHECK(belay_after_stop(made[i]));
    belay_end(ctx);
}

/* Where no more can be had, all share the one from the registration. */
TEST(after_functions_share_a_thread_where_there_is_only_one)
{
    failing_never();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *made[20];
    sem_t ran;
    sem_init(&ran, 0, 0);
    for (size_t i = 0; i < LENGTH(made); ++i)
        made[i] = belay_after_func(ctx, post, &ran);
    refuse_threads();

    CHECK(belay_cancel(ctx));

    for (size_t i = 0; i < LENGTH(made); ++i)
        CHECK(!belay_after_join(made[i]));
    for (size_t i = 0; i < LENGTH(made); ++i)
        CHECK(has_come(&ran));
    failing_never();
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            nothing_but_deadlines_and_after_functions_asks_for_a_thread),
        cmocka_unit_test(a_deadline_that_needs_no_clock_asks_for_no_thread),
        cmocka_unit_test(
            an_after_function_of_what_can_never_end_asks_for_no_thread),
        cmocka_unit_test(
            without_a_thread_a_deadline_is_refused_and_not_unlimited),
        cmocka_unit_test(
            without_a_thread_a_child_of_an_ended_parent_has_the_parents_end),
        cmocka_unit_test(without_a_thread_there_is_no_after_function),
        cmocka_unit_test(all_deadlines_share_one_thread),
        cmocka_unit_test(registering_many_after_functions_asks_for_one_thread),
        cmocka_unit_test(
            after_functions_share_a_thread_where_there_is_only_one),
    };
    watchdog();
    failing_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
