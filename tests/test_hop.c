/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/hop.h>

static const enum belay_hop hops[] = {BELAY_HOP_PLAIN, BELAY_HOP_GRPC,
                                      BELAY_HOP_ENVOY};

TEST(each_hop_has_its_header)
{
    CHECK(strcmp(belay_hop_header(BELAY_HOP_PLAIN), "timeout-ms") == 0);
    CHECK(strcmp(belay_hop_header(BELAY_HOP_GRPC), "grpc-timeout") == 0);
    CHECK(strcmp(belay_hop_header(BELAY_HOP_ENVOY),
                 "x-envoy-expected-rq-timeout-ms") == 0);
}

/* --- Writing ------------------------------------------------------------- */

static bool writes(enum belay_hop hop, belay_duration left, const char *text)
{
    char buffer[32];
    int length = belay_hop_format(hop, left, buffer, sizeof buffer);
    return length == (int)strlen(text) && strcmp(buffer, text) == 0;
}

TEST(milliseconds_are_rounded_down_but_never_to_none)
{
    const enum belay_hop both[] = {BELAY_HOP_PLAIN, BELAY_HOP_ENVOY};
    for (size_t i = 0; i < LENGTH(both); ++i) {
        CHECK(writes(both[i], 850 * BELAY_MILLISECOND, "850"));
        CHECK(writes(both[i], 851 * BELAY_MILLISECOND - 1, "850"));
        CHECK(writes(both[i], 1, "1"));
        CHECK(writes(both[i], BELAY_MILLISECOND + 1, "1"));
        CHECK(writes(both[i], BELAY_FOREVER - 1, "9223372036854"));
    }
}

TEST(grpc_has_the_finest_unit_that_fits_in_eight_digits)
{
    CHECK(writes(BELAY_HOP_GRPC, 1, "1n"));
    CHECK(writes(BELAY_HOP_GRPC, 99999999, "99999999n"));
    CHECK(writes(BELAY_HOP_GRPC, 100000999, "100000u"));
    CHECK(writes(BELAY_HOP_GRPC, 850 * BELAY_MILLISECOND, "850000u"));
    CHECK(writes(BELAY_HOP_GRPC, 100 * BELAY_SECOND, "100000m"));
    CHECK(writes(BELAY_HOP_GRPC, 100000 * BELAY_SECOND - 1, "99999999m"));
    CHECK(writes(BELAY_HOP_GRPC, 100000 * BELAY_SECOND, "100000S"));
    CHECK(writes(BELAY_HOP_GRPC, 99999999 * BELAY_SECOND, "99999999S"));
    CHECK(writes(BELAY_HOP_GRPC, 100000000 * BELAY_SECOND, "1666666M"));
    CHECK(writes(BELAY_HOP_GRPC, 100000000 * BELAY_MINUTE, "1666666H"));
    CHECK(writes(BELAY_HOP_GRPC, BELAY_FOREVER - 1, "2562047H"));
}

TEST(without_a_limit_there_is_nothing_to_say)
{
    for (size_t i = 0; i < LENGTH(hops); ++i)
        CHECK(writes(hops[i], BELAY_FOREVER, ""));
}

TEST(with_nothing_left_there_is_nothing_to_ask_for)
{
    const belay_duration durations[] = {0, -1, -BELAY_HOUR, INT64_MIN};
    for (size_t i = 0; i < LENGTH(durations); ++i) {
        char buffer[] = "untouched";
        CHECK(belay_hop_format(BELAY_HOP_GRPC, durations[i], buffer,
                               sizeof buffer) == BELAY_DEADLINE_EXCEEDED);
        CHECK(strcmp(buffer, "untouched") == 0);
    }
}

TEST(a_small_buffer_gets_what_fits)
{
    char buffer[3] = "";

    CHECK(belay_hop_format(BELAY_HOP_PLAIN, BELAY_SECOND, buffer, 3) == 4);
    CHECK(belay_hop_format(BELAY_HOP_PLAIN, BELAY_SECOND, NULL, 0) == 4);

    CHECK(strcmp(buffer, "10") == 0);
}

/* --- Reading ------------------------------------------------------------- */

static belay_duration reads(enum belay_hop hop, const char *text)
{
    belay_duration left = -1;
    CHECK(belay_hop_parse(hop, text, &left) == 0);
    return left;
}

TEST(milliseconds_are_read)
{
    const enum belay_hop both[] = {BELAY_HOP_PLAIN, BELAY_HOP_ENVOY};
    for (size_t i = 0; i < LENGTH(both); ++i) {
        CHECK(reads(both[i], "0") == 0);
        CHECK(reads(both[i], "850") == 850 * BELAY_MILLISECOND);
        CHECK(reads(both[i], "0000000000000000000850") ==
              850 * BELAY_MILLISECOND);
    }
}

TEST(each_unit_of_grpc_is_read)
{
    CHECK(reads(BELAY_HOP_GRPC, "0n") == 0);
    CHECK(reads(BELAY_HOP_GRPC, "7n") == 7);
    CHECK(reads(BELAY_HOP_GRPC, "7u") == 7 * BELAY_MICROSECOND);
    CHECK(reads(BELAY_HOP_GRPC, "7m") == 7 * BELAY_MILLISECOND);
    CHECK(reads(BELAY_HOP_GRPC, "7S") == 7 * BELAY_SECOND);
    CHECK(reads(BELAY_HOP_GRPC, "7M") == 7 * BELAY_MINUTE);
    CHECK(reads(BELAY_HOP_GRPC, "00000007H") == 7 * BELAY_HOUR);
}

TEST(what_is_too_long_is_for_ever)
{
    CHECK(reads(BELAY_HOP_GRPC, "99999999H") == BELAY_FOREVER);
    CHECK(reads(BELAY_HOP_PLAIN, "9223372036854") < BELAY_FOREVER);
    CHECK(reads(BELAY_HOP_PLAIN, "9223372036855") == BELAY_FOREVER);
    CHECK(reads(BELAY_HOP_PLAIN, "9223372036854775808") == BELAY_FOREVER);
    CHECK(reads(BELAY_HOP_PLAIN, "99999999999999999999999") == BELAY_FOREVER);
}

TEST(garbage_is_refused_and_changes_nothing)
{
    static const char *const texts[] = {
        "",   " ",   "m",    "-1",  "-1m", "+1",         "+1m",  "1 ",
        " 1", " 1m", "1m ",  "1x",  "1mm", "1.5",        "1.5S", "0x10",
        "1,", "1\n", "1m\n", "1e3", "1s",  "123456789m", "NaN",  "S1",
        "¹m", "1 m", "1N",   "1U",  "1h",  "m1",         "1\t"};
    for (size_t i = 0; i < LENGTH(texts); ++i)
        for (size_t hop = 0; hop < LENGTH(hops); ++hop) {
            belay_duration left = 42;
            CHECK(belay_hop_parse(hops[hop], texts[i], &left) == -EINVAL);
            CHECK(left == 42);
        }
    belay_duration left = 42;
    CHECK(belay_hop_parse(BELAY_HOP_GRPC, "850", &left) == -EINVAL);
    CHECK(belay_hop_parse(BELAY_HOP_PLAIN, "850m", &left) == -EINVAL);
}

/* All texts of up to three of these: read or refused, and what is read is
   written, and read again, the same. */
TEST(every_short_text_is_a_duration_or_garbage)
{
    static const char letters[] = "\0"
                                  "059mSH-. ";
    size_t count = sizeof letters - 1;
    for (size_t n = 0; n < count * count * count; ++n) {
        char text[4] = {letters[n % count], letters[n / count % count],
                        letters[n / count / count], '\0'};
        for (size_t hop = 0; hop < LENGTH(hops); ++hop) {
            belay_duration left = 0;
            int err = belay_hop_parse(hops[hop], text, &left);
            CHECK(err == 0 || err == -EINVAL);
            char again[32];
            if (left > 0) {
                belay_hop_format(hops[hop], left, again, sizeof again);
                CHECK(reads(hops[hop], again) == left);
            }
        }
    }
}

/* --- Deriving ------------------------------------------------------------ */

TEST(the_least_of_both_limits_holds)
{
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_HOUR);
    belay_time of_parent;
    belay_time when;
    CHECK(belay_deadline(parent, &of_parent));

    belay_ctx *less = belay_with_hop(parent, BELAY_HOP_GRPC, "1M");
    belay_ctx *more = belay_with_hop(parent, BELAY_HOP_GRPC, "99999999H");
    belay_ctx *none = belay_with_hop(parent, BELAY_HOP_GRPC, NULL);

    CHECK(belay_deadline(less, &when) && when < of_parent);
    CHECK(belay_deadline(more, &when) && when == of_parent);
    CHECK(belay_deadline(none, &when) && when == of_parent);
    belay_end(none);
    belay_end(more);
    belay_end(less);
    belay_end(parent);
}

TEST(without_a_header_and_a_limit_there_is_no_deadline)
{
    belay_ctx *ctx = belay_with_hop(NULL, BELAY_HOP_PLAIN, NULL);

    CHECK(belay_remaining(ctx) == BELAY_FOREVER);
    CHECK(belay_err(ctx) == 0);

    belay_end(ctx);
}

TEST(no_time_left_makes_a_context_that_has_ended_and_says_whose_limit)
{
    belay_ctx *ctx = belay_with_hop(NULL, BELAY_HOP_ENVOY, "0");

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_cause(ctx)->code == BELAY_DEADLINE_EXCEEDED);
    CHECK(strcmp(belay_cause(ctx)->text, "x-envoy-expected-rq-timeout-ms") ==
          0);
    CHECK(strncmp(belay_cause(ctx)->where, "test_hop.c:", 11) == 0);

    belay_end(ctx);
}

TEST(a_header_that_cannot_be_read_refuses_the_request)
{
    belay_ctx *ctx = belay_with_hop(NULL, BELAY_HOP_GRPC, "soon");

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(belay_cause(ctx)->code == -EINVAL);
    CHECK(strcmp(belay_cause(ctx)->text, "grpc-timeout is no duration") == 0);
    CHECK(strncmp(belay_cause(ctx)->where, "test_hop.c:", 11) == 0);

    belay_end(ctx);
}

TEST(an_ended_parent_says_why_and_not_the_header)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_cancel_cause(parent, -EPIPE, "client left");

    belay_ctx *ctx = belay_with_hop(parent, BELAY_HOP_GRPC, "soon");

    CHECK(belay_cause(ctx)->code == -EPIPE);
    belay_end(ctx);
    belay_end(parent);
}

/* The macro is a convenience; the function has no place to tell. */
TEST(there_is_a_function_behind_the_macro)
{
    belay_ctx *ctx = (belay_with_hop)(NULL, BELAY_HOP_PLAIN, "0");

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);

    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hop_has_its_header),
        cmocka_unit_test(milliseconds_are_rounded_down_but_never_to_none),
        cmocka_unit_test(grpc_has_the_finest_unit_that_fits_in_eight_digits),
        cmocka_unit_test(without_a_limit_there_is_nothing_to_say),
        cmocka_unit_test(with_nothing_left_there_is_nothing_to_ask_for),
        cmocka_unit_test(a_small_buffer_gets_what_fits),
        cmocka_unit_test(milliseconds_are_read),
        cmocka_unit_test(each_unit_of_grpc_is_read),
        cmocka_unit_test(what_is_too_long_is_for_ever),
        cmocka_unit_test(garbage_is_refused_and_changes_nothing),
        cmocka_unit_test(every_short_text_is_a_duration_or_garbage),
        cmocka_unit_test(the_least_of_both_limits_holds),
        cmocka_unit_test(without_a_header_and_a_limit_there_is_no_deadline),
        cmocka_unit_test(
            no_time_left_makes_a_context_that_has_ended_and_says_whose_limit),
        cmocka_unit_test(a_header_that_cannot_be_read_refuses_the_request),
        cmocka_unit_test(an_ended_parent_says_why_and_not_the_header),
        cmocka_unit_test(there_is_a_function_behind_the_macro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
