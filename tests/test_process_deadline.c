/* SPDX-License-Identifier: MIT */
#include "spawned.h"

#include <inttypes.h>

/* A budget that goes on in the child: this program is its own child, which
   writes what it has inherited. */

static const char *self;

/* In the child. */
static int say_what_was_inherited(void)
{
    belay_time when = 0;
    belay_ctx *ctx = belay_with_inherited_deadline(NULL);
    bool has_one = belay_deadline(ctx, &when);
    const struct belay_cause *cause = belay_cause(ctx);
    printf("%d %d %d %" PRId64 "\n", has_one, belay_err(ctx),
           cause != NULL ? cause->code : 0, when);
    belay_end(ctx);
    return 0;
}

struct inherited {
    int has_one;
    int err;
    int code;
    belay_time when;
};

static struct inherited inherit(const belay_ctx *ctx)
{
    const char *const argv[] = {self, "child", NULL};
    struct belay_process process;
    struct inherited inherited = {0, 0, 0, 0};
    const char *line =
        spawn(ctx, &process, (struct belay_command){.argv = argv});
    CHECK(sscanf(line, "%d %d %d %" SCNd64, &inherited.has_one, &inherited.err,
                 &inherited.code, &inherited.when) == 4);
    belay_process_end(&process);
    return inherited;
}

TEST(a_child_has_the_very_deadline_of_the_context_it_was_started_with)
{
    belay_time when;
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    CHECK(belay_deadline(ctx, &when));

    struct inherited inherited = inherit(ctx);

    CHECK(inherited.has_one && inherited.err == 0);
    CHECK(inherited.when == when);
    belay_end(ctx);
}

TEST(a_child_of_a_context_without_a_deadline_has_none_and_no_older_one)
{
    setenv("BELAY_DEADLINE", "1 1 an older one", 1);

    struct inherited inherited = inherit(NULL);

    CHECK(!inherited.has_one && inherited.err == 0);
    unsetenv("BELAY_DEADLINE");
}

/* --- The variable ------------------------------------------------------------
 */

static belay_ctx *inherit_text(const char *text)
{
    CHECK(setenv("BELAY_DEADLINE", text, 1) == 0);
    belay_ctx *ctx = belay_with_inherited_deadline(NULL);
    unsetenv("BELAY_DEADLINE");
    return ctx;
}

TEST(with_another_clock_what_was_left_counts_from_now_on)
{
    belay_time when;
    belay_time before = belay_now();

    belay_ctx *ctx = inherit_text("17 3600000000000 some/other");

    CHECK(belay_deadline(ctx, &when) && belay_err(ctx) == 0);
    CHECK(when >= before + BELAY_HOUR && when <= belay_now() + BELAY_HOUR);
    belay_end(ctx);
}

TEST(nothing_left_is_a_deadline_that_has_passed)
{
    belay_ctx *ctx = inherit_text("17 0 some/other");

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(a_deadline_too_far_to_tell_is_none)
{
    belay_time when;
    belay_ctx *ctx = inherit_text("17 9223372036854775807 some/other");

    CHECK(belay_err(ctx) == 0 && !belay_deadline(ctx, &when));
    belay_end(ctx);
}

TEST(a_parents_earlier_deadline_wins)
{
    belay_time when;
    belay_time early = belay_now() + BELAY_MINUTE;
    belay_ctx *parent = belay_with_deadline(NULL, early);
    CHECK(setenv("BELAY_DEADLINE", "17 3600000000000 some/other", 1) == 0);

    belay_ctx *ctx = belay_with_inherited_deadline(parent);

    CHECK(belay_deadline(ctx, &when) && when == early);
    unsetenv("BELAY_DEADLINE");
    belay_end(ctx);
    belay_end(parent);
}

TEST(what_is_not_a_deadline_is_refused_and_said_so)
{
    const char *const texts[] = {
        "",           " ",          "soon",
        "5",          "5 ",         "5 5",
        "5 5 ",       "-5 5 clock", "5 -5 clock",
        "5  5 clock", "5 5x clock", "99999999999999999999 5 clock",
        "%s%n"};
    for (size_t i = 0; i < LENGTH(texts); ++i) {
        belay_ctx *ctx = inherit_text(texts[i]);

        CHECK(belay_err(ctx) == BELAY_CANCELED);
        CHECK(belay_cause(ctx)->code == -EINVAL);
        CHECK(strncmp(belay_cause(ctx)->text, "BELAY_DEADLINE is no ", 21) ==
              0);
        belay_end(ctx);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_child_has_the_very_deadline_of_the_context_it_was_started_with),
        cmocka_unit_test(
            a_child_of_a_context_without_a_deadline_has_none_and_no_older_one),
        cmocka_unit_test(with_another_clock_what_was_left_counts_from_now_on),
        cmocka_unit_test(nothing_left_is_a_deadline_that_has_passed),
        cmocka_unit_test(a_deadline_too_far_to_tell_is_none),
        cmocka_unit_test(a_parents_earlier_deadline_wins),
        cmocka_unit_test(what_is_not_a_deadline_is_refused_and_said_so),
    };
    if (argc == 2)
        return say_what_was_inherited();
    self = argv[0];
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
