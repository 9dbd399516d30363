/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/fake_clock.h"

#include <belay/drain.h>

/* What must be done although all has ended. */

static const belay_duration grace = 10 * BELAY_SECOND;

TEST(a_cleanup_goes_on_after_the_end_for_its_budget)
{
    belay_ctx *server = belay_with_drain(NULL);
    belay_ctx *request = belay_with_cancel(server);
    belay_cancel(request);
    belay_ctx *cleanup = belay_with_cleanup(request, BELAY_SECOND);

    CHECK(belay_drain(server, grace));
    belay_cancel(server);
    CHECK(belay_err(cleanup) == 0 && belay_remaining(cleanup) == BELAY_SECOND);
    fake_clock_advance(BELAY_SECOND);

    CHECK(belay_err(cleanup) == BELAY_DEADLINE_EXCEEDED);
    belay_end(cleanup);
    belay_end(request);
    belay_end(server);
}

enum { LEVELS = 4 };

TEST(a_cleanup_ends_with_the_grace_of_any_scope_it_is_in)
{
    for (int level = 0; level < LEVELS; ++level) {
        belay_ctx *scope[LEVELS];
        scope[0] = belay_with_drain(NULL);
        for (int i = 1; i < LEVELS; ++i)
            scope[i] = belay_with_drain(scope[i - 1]);
        belay_ctx *request = belay_with_timeout(scope[LEVELS - 1], 0);
        belay_ctx *cleanup = belay_with_cleanup(request, BELAY_HOUR);

        CHECK(belay_drain(scope[level], grace));
        fake_clock_advance(grace - 1);
        CHECK(belay_err(cleanup) == 0);
        fake_clock_advance(1);

        CHECK(belay_err(cleanup) == BELAY_CANCELED);
        assert_string_equal(belay_cause(cleanup)->text, "grace is over");
        belay_end(cleanup);
        belay_end(request);
        for (int i = LEVELS; i-- > 0;)
            belay_end(scope[i]);
    }
}

TEST(a_cleanup_without_a_scope_has_its_values_and_its_budget)
{
    static const struct belay_key key = {"key", NULL};
    int value;
    void *found = NULL;
    belay_ctx *ctx = belay_with_value(NULL, &key, &value);
    belay_ctx *late = belay_with_timeout(ctx, 0);

    belay_ctx *cleanup = belay_with_cleanup(late, BELAY_SECOND);
    CHECK(belay_err(cleanup) == 0);
    CHECK(belay_value(cleanup, &key, &found) && found == &value);
    fake_clock_advance(BELAY_SECOND);

    CHECK(belay_err(cleanup) == BELAY_DEADLINE_EXCEEDED);
    belay_end(cleanup);
    belay_end(late);
    belay_end(ctx);
}

TEST(a_cleanup_after_the_grace_is_refused)
{
    belay_ctx *server = belay_with_drain(NULL);
    CHECK(belay_drain(server, 0));

    belay_ctx *cleanup = belay_with_cleanup(server, BELAY_SECOND);

    CHECK(belay_err(cleanup) == BELAY_CANCELED);
    belay_end(cleanup);
    belay_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cleanup_goes_on_after_the_end_for_its_budget),
        cmocka_unit_test(a_cleanup_ends_with_the_grace_of_any_scope_it_is_in),
        cmocka_unit_test(
            a_cleanup_without_a_scope_has_its_values_and_its_budget),
        cmocka_unit_test(a_cleanup_after_the_grace_is_refused),
    };
    watchdog();
    fake_clock_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_clock_stop();
    return failed;
}
