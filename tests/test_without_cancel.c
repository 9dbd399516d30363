/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

static const struct belay_key key = {"key", NULL};

/* WO01, CU18, S59 */
TEST(a_detached_context_has_the_values_and_none_of_the_ends)
{
    int number;
    belay_time when;
    void *value = NULL;
    belay_ctx *parent = belay_with_value(NULL, &key, &number);
    belay_ctx *timed = belay_with_timeout(parent, BELAY_HOUR);
    belay_ctx *detached = belay_without_cancel(timed);

    CHECK(!belay_deadline(detached, &when));
    CHECK(belay_remaining(detached) == BELAY_FOREVER);
    CHECK(belay_value(detached, &key, &value) && value == &number);
    CHECK(belay_err(detached) == 0);
    CHECK(belay_cause(detached) == NULL);

    belay_end(detached);
    belay_end(timed);
    belay_end(parent);
}

/* S59 */
TEST(a_detached_context_outlives_its_parents_end)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *detached = belay_without_cancel(parent);

    CHECK(belay_cancel_cause(parent, -EPIPE, "client left"));

    CHECK(belay_err(detached) == 0);
    CHECK(belay_cause(detached) == NULL);
    CHECK(belay_stopped(detached) == 0);
    belay_end(detached);
    belay_end(parent);
}

/* CU20, S38 */
TEST(a_context_detached_from_one_that_timed_out_is_live)
{
    belay_ctx *parent = belay_with_timeout_cause(NULL, 0, -EIO, "too slow");

    belay_ctx *detached = belay_without_cancel(parent);

    CHECK(belay_err(detached) == 0);
    CHECK(belay_cause(detached) == NULL);
    belay_end(detached);
    belay_end(parent);
}

/* S60 */
TEST(what_is_derived_from_a_detached_context_has_ends_of_its_own)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *detached = belay_without_cancel(parent);
    belay_ctx *first = belay_with_cancel(detached);
    belay_ctx *second = belay_with_timeout(detached, BELAY_HOUR);

    belay_cancel(parent);
    CHECK(belay_err(first) == 0 && belay_err(second) == 0);
    CHECK(belay_cancel_cause(first, -EIO, "own"));

    CHECK(belay_err(first) == BELAY_CANCELED);
    CHECK(belay_cause(first)->code == -EIO);
    CHECK(belay_err(second) == 0);
    belay_end(second);
    belay_end(first);
    belay_end(detached);
    belay_end(parent);
}

TEST(a_detached_context_cannot_be_canceled)
{
    belay_ctx *detached = belay_without_cancel(NULL);
    belay_ctx *child = belay_with_cancel(detached);

    CHECK(!belay_cancel(detached));
    CHECK(!belay_cancel_cause(detached, -EPIPE, "no"));
    belay_end(detached);

    CHECK(belay_err(child) == 0);
    belay_end(child);
}

/* What can never end: the same for values on it. */
TEST(what_can_never_end_is_never_told)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *detached = belay_without_cancel(parent);
    belay_ctx *value = belay_with_value(detached, &key, NULL);
    struct belay_watch watches[2] = {0};
    int calls = 0;
    CHECK(belay_watch(detached, &watches[0], count_call, &calls));
    CHECK(belay_watch(value, &watches[1], count_call, &calls));

    belay_end(parent);

    CHECK(belay_fd(detached) == -ENOTSUP && belay_fd(value) == -ENOTSUP);
    CHECK(belay_unwatch(&watches[0]) && belay_unwatch(&watches[1]));
    CHECK(calls == 0);
    belay_end(value);
    belay_end(detached);
}

/* "A watch is zero-initialisable": here, and after its context is gone. */
TEST(a_watch_on_what_can_never_end_is_taken_back_when_that_is_gone)
{
    belay_ctx *detached = belay_without_cancel(NULL);
    struct belay_watch watch = {0};
    int calls = 0;
    CHECK(belay_watch(detached, &watch, count_call, &calls));

    belay_end(detached);

    CHECK(belay_unwatch(&watch));
    CHECK(calls == 0);
}

static void fail_if_called(void *arg)
{
    (void)arg;
    abort();
}

/* WO03, AF08, S61 */
TEST(an_after_function_of_what_can_never_end_never_runs)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *detached = belay_without_cancel(parent);
    struct belay_after *stopped =
        belay_after_func(detached, fail_if_called, NULL);
    struct belay_after *joined = belay_after_func(NULL, fail_if_called, NULL);
    CHECK(stopped != NULL && joined != NULL);

    belay_end(parent);
    belay_end(detached);

    CHECK(belay_after_stop(stopped));
    CHECK(belay_after_join(joined));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_detached_context_has_the_values_and_none_of_the_ends),
        cmocka_unit_test(a_detached_context_outlives_its_parents_end),
        cmocka_unit_test(a_context_detached_from_one_that_timed_out_is_live),
        cmocka_unit_test(
            what_is_derived_from_a_detached_context_has_ends_of_its_own),
        cmocka_unit_test(a_detached_context_cannot_be_canceled),
        cmocka_unit_test(what_can_never_end_is_never_told),
        cmocka_unit_test(
            a_watch_on_what_can_never_end_is_taken_back_when_that_is_gone),
        cmocka_unit_test(an_after_function_of_what_can_never_end_never_runs),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
