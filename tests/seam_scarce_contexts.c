/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/failing.h"
#include "fakes/scarce.h"

#include <belay/any.h>
#include <belay/drain.h>
#include <belay/idle.h>

#include <limits.h>

/* Contexts of the layer above the core, without memory. */

static belay_ctx *make_any(void)
{
    const belay_ctx *const parents[] = {NULL, NULL};
    return belay_with_any(parents, 2);
}

static belay_ctx *make_idle(void)
{
    return belay_with_idle(NULL, BELAY_HOUR);
}

static belay_ctx *make_drain(void)
{
    return belay_with_drain(NULL);
}

static belay_ctx *make_soft_end(void)
{
    return belay_with_soft_end(NULL);
}

static belay_ctx *make_cleanup(void)
{
    return belay_with_cleanup(NULL, BELAY_HOUR);
}

static belay_ctx *(*const makers[])(void) = {make_any, make_idle, make_drain,
                                             make_soft_end, make_cleanup};

static bool is_refused(const belay_ctx *ctx)
{
    return belay_err(ctx) != 0 && belay_cause(ctx)->code == -ENOMEM;
}

TEST(whatever_memory_is_missing_a_maker_refuses_and_leaks_nothing)
{
    for (size_t i = 0; i < LENGTH(makers); ++i) {
        belay_end(makers[i]()); /* what comes with the first is there now */
        failing_never();
        belay_end(makers[i]());
        int calls = failing_count(ALLOCATE);
        int live = failing_live();
        for (int n = 0; n < calls; ++n) {
            failing_between(ALLOCATE, n, n, -ENOMEM);
            belay_ctx *ctx = makers[i]();
            failing_never();
            CHECK(is_refused(ctx));
            belay_end(ctx);
            CHECK(failing_live() == live);
        }
    }
}

TEST(without_memory_for_its_part_a_maker_refuses)
{
    for (size_t i = 0; i < LENGTH(makers); ++i) {
        scarce_memory(0, INT_MAX);
        belay_ctx *ctx = makers[i]();
        scarce_nothing();

        CHECK(is_refused(ctx));

        belay_end(ctx);
    }
}

TEST(a_limit_that_cannot_be_set_anew_is_over)
{
    belay_ctx *ctx = belay_with_idle(NULL, 2 * BELAY_MILLISECOND);
    failing_between(ALLOCATE, 0, INT_MAX, -ENOMEM);
    belay_progress(ctx, 1);

    belay_wait(ctx);

    failing_never();
    int code = belay_cause(ctx)->code;
    CHECK(code == -ENOMEM || code == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(without_memory_for_a_grace_there_is_none)
{
    belay_ctx *ctx = belay_with_drain(NULL);

    scarce_memory(0, INT_MAX);
    CHECK(belay_drain(ctx, BELAY_HOUR));
    scarce_nothing();

    CHECK(belay_is_draining(ctx) && belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(without_a_deadline_for_a_grace_there_is_none)
{
    belay_ctx *ctx = belay_with_drain(NULL);

    failing_between(ALLOCATE, 0, INT_MAX, -ENOMEM);
    CHECK(belay_drain(ctx, BELAY_HOUR));
    failing_never();

    CHECK(belay_is_draining(ctx) && belay_err(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            whatever_memory_is_missing_a_maker_refuses_and_leaks_nothing),
        cmocka_unit_test(without_memory_for_its_part_a_maker_refuses),
        cmocka_unit_test(a_limit_that_cannot_be_set_anew_is_over),
        cmocka_unit_test(without_memory_for_a_grace_there_is_none),
        cmocka_unit_test(without_a_deadline_for_a_grace_there_is_none),
    };
    watchdog();
    failing_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
