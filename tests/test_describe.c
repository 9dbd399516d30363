/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* The texts: belay_describe(), belay_explain(), belay_strerror(). */

static const struct belay_key user = {"user", NULL};

static bool is_described_as(const belay_ctx *ctx, const char *expected)
{
    char text[400];
    int length = belay_describe(ctx, text, sizeof text);
    return strcmp(text, expected) == 0 && length == (int)strlen(expected);
}

/* S2 */
TEST(the_roots_have_names)
{
    CHECK(is_described_as(NULL, "context.Background"));
    CHECK(is_described_as(belay_background(), "context.Background"));
    CHECK(is_described_as(belay_todo(), "context.TODO"));
}

/* VA03, S72 */
TEST(a_description_tells_how_a_context_was_derived)
{
    int secret;
    belay_ctx *value = belay_with_value(belay_todo(), &user, &secret);
    belay_ctx *cancel = belay_with_cancel(value);
    belay_ctx *detached = belay_without_cancel(cancel);

    CHECK(is_described_as(value, "context.TODO.WithValue(user, ...)"));
    CHECK(is_described_as(cancel,
                          "context.TODO.WithValue(user, ...).WithCancel"));
    CHECK(is_described_as(
        detached,
        "context.TODO.WithValue(user, ...).WithCancel.WithoutCancel"));

    belay_end(detached);
    belay_end(cancel);
    belay_end(value);
}

/* DL01 */
TEST(a_deadline_is_described_with_its_time_and_what_is_left)
{
    char text[400];
    static const char start[] = "context.Background.WithDeadline(";
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);

    int length = belay_describe(ctx, text, sizeof text);

    CHECK(length == (int)strlen(text));
    CHECK(strncmp(text, start, sizeof start - 1) == 0);
    CHECK(strstr(text, " [59m59.") != NULL || strstr(text, " [1h0m0s") != NULL);
    CHECK(strcmp(text + length - 3, "s])") == 0);
    belay_end(ctx);
}

/* S39 */
TEST(a_deadline_that_is_not_its_own_is_described_as_a_cancel)
{
    char text[400];
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_HOUR);
    belay_ctx *later = belay_with_timeout(parent, 2 * BELAY_HOUR);
    belay_ctx *none = belay_with_timeout(NULL, BELAY_FOREVER);

    belay_describe(later, text, sizeof text);

    CHECK(strcmp(strrchr(text, ')'), ").WithCancel") == 0);
    CHECK(is_described_as(none, "context.Background.WithCancel"));
    belay_end(none);
    belay_end(later);
    belay_end(parent);
}

TEST(an_extreme_deadline_can_be_described)
{
    const belay_time extremes[] = {INT64_MIN, 0, 1, INT64_MAX - 1};
    for (size_t i = 0; i < LENGTH(extremes); ++i) {
        char text[400];
        belay_ctx *ctx = belay_with_deadline(NULL, extremes[i]);

        CHECK(belay_describe(ctx, text, sizeof text) > 30);
        CHECK(strstr(text, "s])") != NULL);

        belay_end(ctx);
    }
}

typedef int write_fn(const belay_ctx *ctx, char *buffer, size_t size);

/* As snprintf(): whole length, whatever fits, an end, and nothing beyond. */
static void check_every_size(write_fn *write_text, const belay_ctx *ctx)
{
    char whole[400];
    int length = write_text(ctx, whole, sizeof whole);
    CHECK(length > 0 && length == (int)strlen(whole));
    CHECK(write_text(ctx, NULL, 0) == length);
    for (size_t size = 1; size <= (size_t)length + 2; ++size) {
        char part[402];
        memset(part, '#', sizeof part);

        CHECK(write_text(ctx, part, size) == length);

        size_t kept = size > (size_t)length ? (size_t)length : size - 1;
        CHECK(memcmp(part, whole, kept) == 0 && part[kept] == '\0');
        CHECK(part[size] == '#');
    }
}

TEST(a_description_is_cut_to_any_size)
{
    belay_ctx *value = belay_with_value(NULL, &user, NULL);
    belay_ctx *cancel = belay_with_cancel(value);

    check_every_size(belay_describe, cancel);
    check_every_size(belay_describe, NULL);

    belay_end(cancel);
    belay_end(value);
}

/* Class K */
TEST(a_deep_context_can_be_described)
{
    enum { LEVELS = 10000, STEP = 11 }; /* the length of ".WithCancel" */
    static belay_ctx *made[LEVELS];
    for (int i = 0; i < LEVELS; ++i)
        made[i] = belay_with_cancel(i == 0 ? NULL : made[i - 1]);

    CHECK(belay_describe(made[LEVELS - 1], NULL, 0) == 18 + LEVELS * STEP);

    for (int i = 0; i < LEVELS; ++i)
        belay_end(made[i]);
}

/* --- Explaining --------------------------------------------------------- */

static void explain(const belay_ctx *ctx, char *text, size_t size)
{
    int length = belay_explain(ctx, text, size);
    CHECK(length > 0 && length == (int)strlen(text) && length < (int)size);
    CHECK(strchr(text, '\n') == NULL);
}

TEST(an_explanation_tells_who_where_why_and_when)
{
    char text[600];
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel_cause_at(ctx, "server.c:42", -EPIPE, "client %d left", 7);

    explain(ctx, text, sizeof text);

    CHECK(strstr(text, "server.c:42") != NULL);
    CHECK(strstr(text, "client 7 left") != NULL);
    CHECK(strstr(text, "context canceled") != NULL);
    CHECK(strstr(text, "ago") != NULL);
    belay_end(ctx);
}

TEST(an_explanation_names_the_deadline_that_fired)
{
    char text[600];
    belay_ctx *ctx =
        belay_with_timeout_cause_at(NULL, 0, -EIO, "slow disk", "budget.c:7");
    belay_ctx *child = belay_with_cancel(ctx);

    explain(child, text, sizeof text);

    CHECK(strstr(text, "budget.c:7") != NULL);
    CHECK(strstr(text, "slow disk") != NULL);
    CHECK(strstr(text, "context deadline exceeded") != NULL);
    belay_end(child);
    belay_end(ctx);
}

TEST(an_explanation_is_one_line_whatever_the_text_holds)
{
    char text[600];
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel_cause(ctx, -EIO, "%s", "two\nlines\r\n\x1b[31m and\ttabs\x7f");

    explain(ctx, text, sizeof text);

    for (const char *c = text; *c != '\0'; ++c)
        CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
    CHECK(strstr(text, "two") != NULL && strstr(text, "tabs") != NULL);
    belay_end(ctx);
}

TEST(whatever_is_live_can_be_explained)
{
    char text[600];
    belay_ctx *live = belay_with_cancel(NULL);
    belay_ctx *timed = belay_with_timeout(NULL, BELAY_HOUR);
    const belay_ctx *all[] = {NULL, belay_todo(), live, timed};

    for (size_t i = 0; i < LENGTH(all); ++i)
        explain(all[i], text, sizeof text);

    belay_end(timed);
    belay_end(live);
}

TEST(an_explanation_is_cut_to_any_size)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_FOREVER);

    check_every_size(belay_explain, ctx);

    belay_end(ctx);
}

/* --- Codes -------------------------------------------------------------- */

/* DL16, S48, S49 */
TEST(the_two_ends_have_gos_words)
{
    CHECK(BELAY_CANCELED == -ECANCELED);
    CHECK(BELAY_DEADLINE_EXCEEDED == -ETIME);
    assert_string_equal(belay_strerror(BELAY_CANCELED), "context canceled");
    assert_string_equal(belay_strerror(BELAY_DEADLINE_EXCEEDED),
                        "context deadline exceeded");
}

TEST(every_other_code_has_the_systems_words_of_either_sign)
{
    for (int number = 1; number < 134; ++number) {
        bool is_ours = number == ECANCELED || number == ETIME;
        if (is_ours || strncmp(strerror(number), "Unknown", 7) == 0)
            continue;
        assert_string_equal(belay_strerror(-number), strerror(number));
        assert_string_equal(belay_strerror(number), strerror(number));
    }
}

TEST(there_are_words_for_every_number)
{
    const int numbers[] = {0, 4711, -4711, INT32_MAX, INT32_MIN, INT32_MIN + 1};
    for (size_t i = 0; i < LENGTH(numbers); ++i) {
        const char *words = belay_strerror(numbers[i]);
        CHECK(words != NULL && words[0] != '\0');
    }
}

TEST(the_words_of_a_code_stay)
{
    const char *pipe = belay_strerror(-EPIPE);
    const char *unknown = belay_strerror(-4711);
    char copy[100];
    snprintf(copy, sizeof copy, "%s", unknown);

    belay_strerror(-EIO);
    belay_strerror(-4712);

    assert_string_equal(pipe, strerror(EPIPE));
    assert_string_equal(unknown, copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roots_have_names),
        cmocka_unit_test(a_description_tells_how_a_context_was_derived),
        cmocka_unit_test(
            a_deadline_is_described_with_its_time_and_what_is_left),
        cmocka_unit_test(
            a_deadline_that_is_not_its_own_is_described_as_a_cancel),
        cmocka_unit_test(an_extreme_deadline_can_be_described),
        cmocka_unit_test(a_description_is_cut_to_any_size),
        cmocka_unit_test(a_deep_context_can_be_described),
        cmocka_unit_test(an_explanation_tells_who_where_why_and_when),
        cmocka_unit_test(an_explanation_names_the_deadline_that_fired),
        cmocka_unit_test(an_explanation_is_one_line_whatever_the_text_holds),
        cmocka_unit_test(whatever_is_live_can_be_explained),
        cmocka_unit_test(an_explanation_is_cut_to_any_size),
        cmocka_unit_test(the_two_ends_have_gos_words),
        cmocka_unit_test(every_other_code_has_the_systems_words_of_either_sign),
        cmocka_unit_test(there_are_words_for_every_number),
        cmocka_unit_test(the_words_of_a_code_stay),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
