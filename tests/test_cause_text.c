/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <limits.h>

/* What a cause says: its code and its words.  Its place is in test_place.c. */

enum { WHOLE = 255 };

TEST(code_0_and_no_text_are_the_plain_cause)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_cancel_cause(ctx, 0, NULL));

    CHECK(belay_cause(ctx)->code == BELAY_CANCELED);
    assert_string_equal(belay_cause(ctx)->text, "context canceled");
    belay_end(ctx);
}

TEST(code_0_of_a_deadline_is_deadline_exceeded)
{
    belay_ctx *ctx = belay_with_timeout_cause(NULL, 0, 0, "no time");

    CHECK(belay_cause(ctx)->code == BELAY_DEADLINE_EXCEEDED);
    assert_string_equal(belay_cause(ctx)->text, "no time");
    belay_end(ctx);
}

TEST(code_0_and_no_text_of_a_deadline_are_the_plain_cause)
{
    belay_ctx *ctx = belay_with_timeout_cause(NULL, 0, 0, NULL);

    CHECK(belay_cause(ctx)->code == BELAY_DEADLINE_EXCEEDED);
    assert_string_equal(belay_cause(ctx)->text, "context deadline exceeded");
    belay_end(ctx);
}

TEST(every_other_code_is_kept)
{
    const int codes[] = {1,      -1,   INT_MAX, INT_MIN,
                         -EPIPE, 4711, -4711,   BELAY_DEADLINE_EXCEEDED};
    for (size_t i = 0; i < LENGTH(codes); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        belay_ctx *timed = belay_with_timeout_cause(NULL, 0, codes[i], NULL);

        CHECK(belay_cancel_cause(ctx, codes[i], NULL));

        CHECK(belay_cause(ctx)->code == codes[i]);
        CHECK(belay_cause(timed)->code == codes[i]);
        belay_end(ctx);
        belay_end(timed);
    }
}

TEST(a_missing_text_is_the_codes_own)
{
    const int codes[] = {
        -EPIPE, EPIPE, BELAY_CANCELED, BELAY_DEADLINE_EXCEEDED, 4711, INT_MIN};
    for (size_t i = 0; i < LENGTH(codes); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        belay_ctx *timed = belay_with_timeout_cause(NULL, 0, codes[i], NULL);

        CHECK(belay_cancel_cause(ctx, codes[i], NULL));

        assert_string_equal(belay_cause(ctx)->text, belay_strerror(codes[i]));
        assert_string_equal(belay_cause(timed)->text, belay_strerror(codes[i]));
        belay_end(ctx);
        belay_end(timed);
    }
}

TEST(an_empty_text_is_a_text)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *timed = belay_with_timeout_cause(NULL, 0, -EIO, "");

    CHECK(belay_cancel_cause(ctx, -EIO, "%s", ""));

    assert_string_equal(belay_cause(ctx)->text, "");
    assert_string_equal(belay_cause(timed)->text, "");
    belay_end(ctx);
    belay_end(timed);
}

TEST(a_cancels_text_is_formatted)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_cancel_cause(ctx, -EPIPE, "%s left after %d ms", "client", 17));

    assert_string_equal(belay_cause(ctx)->text, "client left after 17 ms");
    belay_end(ctx);
}

TEST(a_deadlines_text_is_not_formatted)
{
    belay_ctx *ctx = belay_with_timeout_cause(NULL, 0, -EIO, "100%s%n%d");

    assert_string_equal(belay_cause(ctx)->text, "100%s%n%d");
    belay_end(ctx);
}

TEST(a_text_is_kept_whole_up_to_255_bytes)
{
    char words[WHOLE + 2];
    for (size_t length = 0; length <= WHOLE; ++length) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        memset(words, 'a' + (int)(length % 26), length);
        words[length] = '\0';

        CHECK(belay_cancel_cause(ctx, -EIO, "%s", words));

        assert_string_equal(belay_cause(ctx)->text, words);
        belay_end(ctx);
    }
}

static size_t kept_of(const char *words)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_cancel_cause(ctx, -EIO, "%s", words));
    size_t length = strlen(belay_cause(ctx)->text);
    CHECK(memcmp(belay_cause(ctx)->text, words, length) == 0);
    belay_end(ctx);
    return length;
}

/* `before` letters, then one character of several bytes, then more letters. */
static size_t kept_around(size_t before, const char *character)
{
    char words[400];
    memset(words, 'a', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    memcpy(words + before, character, strlen(character));
    return kept_of(words);
}

TEST(a_longer_text_is_cut_at_a_character)
{
    const char *characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac",
                                "\xf0\x9f\xa7\x97"};
    for (size_t bytes = 1; bytes <= 4; ++bytes)
        for (size_t before = WHOLE - 6; before <= WHOLE; ++before) {
            bool split = before < WHOLE && before + bytes > WHOLE;

            size_t kept = kept_around(before, characters[bytes - 1]);

            CHECK(kept == (split ? before : WHOLE));
        }
}

TEST(a_text_that_is_no_utf8_is_cut_as_well)
{
    char words[1000];
    memset(words, '\x80', sizeof words - 1);
    words[sizeof words - 1] = '\0';

    CHECK(kept_of(words) <= WHOLE);
}

/* Not in the character set of the locale "C": snprintf() refuses. */
TEST(a_text_that_cannot_be_formatted_is_the_codes_own)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_cancel_cause(ctx, -EPIPE, "%ls", L"\x20ac"));

    CHECK(belay_cause(ctx)->code == -EPIPE);
    assert_string_equal(belay_cause(ctx)->text, belay_strerror(-EPIPE));
    belay_end(ctx);
}

TEST(a_deadlines_text_is_copied_whole)
{
    static char words[10000];
    memset(words, 'w', sizeof words - 1);
    belay_ctx *ctx = belay_with_timeout_cause(NULL, 0, -EIO, words);

    memset(words, 'x', sizeof words - 1);

    CHECK(strspn(belay_cause(ctx)->text, "w") == sizeof words - 1);
    CHECK(strlen(belay_cause(ctx)->text) == sizeof words - 1);
    belay_end(ctx);
}

/* --- How long it stays -------------------------------------------------- */

static bool ended_with(const belay_ctx *ctx, int err, int code,
                       const char *text)
{
    const struct belay_cause *cause = belay_cause(ctx);
    return belay_err(ctx) == err && cause != NULL && cause->code == code &&
           strcmp(cause->text, text) == 0;
}

/* CU29: the canceler's words are copied, and outlive both of them. */
TEST(an_inherited_cause_stays_valid_while_the_child_is_held)
{
    char words[] = "client left";
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    CHECK(belay_cancel_cause(parent, -EPIPE, "%s", words));
    memset(words, 'x', sizeof words - 1);
    belay_end(parent);

    CHECK(ended_with(child, BELAY_CANCELED, -EPIPE, "client left"));
    belay_end(child);
}

TEST(a_cause_inherited_at_birth_stays_valid_while_the_child_is_held)
{
    belay_ctx *parent = belay_with_timeout_cause(NULL, 0, -EIO, "too slow");
    belay_ctx *child = belay_with_cancel(parent);

    belay_end(parent);

    CHECK(ended_with(child, BELAY_DEADLINE_EXCEEDED, -EIO, "too slow"));
    belay_end(child);
}

TEST(a_cause_is_the_same_each_time_it_is_asked_for)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel_cause(ctx, -EPIPE, "client left");
    const struct belay_cause *first = belay_cause(ctx);
    struct belay_cause before = *first;

    CHECK(!belay_cancel_cause(ctx, -EIO, "too late"));

    CHECK(belay_cause(ctx) == first);
    CHECK(first->code == before.code && first->when == before.when);
    CHECK(first->text == before.text && first->where == before.where);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_0_and_no_text_are_the_plain_cause),
        cmocka_unit_test(code_0_of_a_deadline_is_deadline_exceeded),
        cmocka_unit_test(code_0_and_no_text_of_a_deadline_are_the_plain_cause),
        cmocka_unit_test(every_other_code_is_kept),
        cmocka_unit_test(a_missing_text_is_the_codes_own),
        cmocka_unit_test(an_empty_text_is_a_text),
        cmocka_unit_test(a_cancels_text_is_formatted),
        cmocka_unit_test(a_deadlines_text_is_not_formatted),
        cmocka_unit_test(a_text_is_kept_whole_up_to_255_bytes),
        cmocka_unit_test(a_longer_text_is_cut_at_a_character),
        cmocka_unit_test(a_text_that_is_no_utf8_is_cut_as_well),
        cmocka_unit_test(a_text_that_cannot_be_formatted_is_the_codes_own),
        cmocka_unit_test(a_deadlines_text_is_copied_whole),
        cmocka_unit_test(
            an_inherited_cause_stays_valid_while_the_child_is_held),
        cmocka_unit_test(
            a_cause_inherited_at_birth_stays_valid_while_the_child_is_held),
        cmocka_unit_test(a_cause_is_the_same_each_time_it_is_asked_for),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
