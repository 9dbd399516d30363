/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/select.h>

static struct belay_channel *full(int element)
{
    struct belay_channel *channel = belay_channel_make(sizeof element, 1);
    CHECK(belay_channel_send(NULL, channel, &element) == 0);
    return channel;
}

static struct belay_channel *empty(void)
{
    return belay_channel_make(sizeof(int), 1);
}

/* --- Each kind of case, that can happen at once ------------------------- */

TEST(what_is_in_a_channel_is_received)
{
    struct belay_channel *channels[] = {empty(), full(7)};
    int out[] = {0, 0};
    struct belay_case cases[] = {belay_case_recv(channels[0], &out[0]),
                                 belay_case_recv(channels[1], &out[1])};

    CHECK(belay_select(NULL, cases, LENGTH(cases)) == 1);

    CHECK(cases[1].result == 0 && out[0] == 0 && out[1] == 7);
    belay_channel_end(channels[0]);
    belay_channel_end(channels[1]);
}

TEST(what_a_channel_has_room_for_is_sent)
{
    struct belay_channel *channels[] = {full(1), empty()};
    int in = 5, out = 0;
    struct belay_case cases[] = {belay_case_send(channels[0], &in),
                                 belay_case_send(channels[1], &in)};

    CHECK(belay_select(NULL, cases, LENGTH(cases)) == 1);

    CHECK(belay_channel_try_recv(channels[1], &out) == 0 && out == 5);
    CHECK(belay_channel_try_recv(channels[0], &out) == 0 && out == 1);
    belay_channel_end(channels[0]);
    belay_channel_end(channels[1]);
}

TEST(a_closed_channel_happens_either_way)
{
    struct belay_channel *channel = empty();
    int element = 0;
    struct belay_case cases[] = {belay_case_recv(channel, &element),
                                 belay_case_send(channel, &element)};
    belay_channel_close(channel);

    for (size_t i = 0; i < LENGTH(cases); ++i) {
        CHECK(belay_select(NULL, &cases[i], 1) == 0);
        CHECK(cases[i].result == -EPIPE);
    }

    belay_channel_end(channel);
}

TEST(a_context_that_has_ended_happens_with_its_error)
{
    belay_ctx *other = belay_with_timeout(NULL, 0);
    struct belay_case only = belay_case_ended(other);

    CHECK(belay_select(NULL, &only, 1) == 0);

    CHECK(only.result == BELAY_DEADLINE_EXCEEDED);
    belay_end(other);
}

TEST(a_descriptor_that_is_ready_happens_with_its_events)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct belay_case cases[] = {belay_case_fd(ends[0], POLLIN),
                                 belay_case_fd(ends[1], POLLOUT),
                                 belay_case_fd(-1, POLLIN)};

    CHECK(belay_select(NULL, cases, LENGTH(cases)) == 1);
    CHECK(cases[1].result == POLLOUT);
    close(ends[1]);
    CHECK(belay_select(NULL, cases, 1) == 0);
    CHECK(cases[0].result == POLLHUP);

    close(ends[0]);
}

TEST(an_instant_that_has_come_happens)
{
    struct belay_case cases[] = {belay_case_at(BELAY_FOREVER),
                                 belay_case_after(BELAY_FOREVER),
                                 belay_case_after(0)};

    CHECK(belay_select(NULL, cases, LENGTH(cases)) == 2);
    CHECK(cases[2].result == 0);
}

/* --- Which of several --------------------------------------------------- */

TEST(any_of_those_that_can_happen_does_with_the_same_chance)
{
    enum { TRIES = 3000 };
    int counts[4] = {0};
    belay_ctx *other = belay_with_timeout(NULL, 0);
    for (int i = 0; i < TRIES; ++i) {
        struct belay_case cases[] = {
            belay_case_ended(other), belay_case_at(BELAY_FOREVER),
            belay_case_ended(other), belay_case_after(0)};
        int which = belay_select(NULL, cases, LENGTH(cases));
        CHECK(which >= 0);
        ++counts[which];
    }

    CHECK(counts[1] == 0);
    for (int i = 0; i < 4; ++i)
        CHECK(i == 1 || (counts[i] > TRIES / 4 && counts[i] < TRIES / 2));
    belay_end(other);
}

TEST(the_first_that_can_happen_does_where_order_counts)
{
    belay_ctx *other = belay_with_timeout(NULL, 0);
    struct belay_case cases[] = {belay_case_at(BELAY_FOREVER),
                                 belay_case_ended(other), belay_case_after(0)};

    for (int i = 0; i < 100; ++i)
        CHECK(belay_select_first(NULL, cases, LENGTH(cases)) == 1);

    belay_end(other);
}

TEST(nothing_happens_at_once_where_nothing_can)
{
    struct belay_channel *channel = empty();
    belay_ctx *other = belay_with_cancel(NULL);
    int ends[2], element = 3;
    CHECK(pipe(ends) == 0);
    struct belay_case cases[] = {belay_case_recv(channel, &element),
                                 belay_case_ended(other),
                                 belay_case_ended(NULL),
                                 belay_case_fd(ends[0], POLLIN),
                                 belay_case_after(BELAY_HOUR),
                                 belay_case_recv(NULL, &element),
                                 belay_case_send(NULL, &element)};

    CHECK(belay_try_select(cases, LENGTH(cases)) == -EAGAIN);
    CHECK(belay_try_select(NULL, 0) == -EAGAIN);

    CHECK(belay_channel_send(NULL, channel, &element) == 0);
    CHECK(belay_try_select(cases, LENGTH(cases)) == 0);
    belay_end(other);
    belay_channel_end(channel);
    close(ends[0]);
    close(ends[1]);
}

/* --- The select's own context ------------------------------------------- */

TEST(an_ended_context_selects_nothing_though_it_could)
{
    struct belay_channel *channel = full(1);
    belay_ctx *ctx = belay_with_cancel(NULL);
    int out = 0;
    struct belay_case cases[] = {belay_case_recv(channel, &out),
                                 belay_case_ended(ctx), belay_case_after(0)};
    belay_cancel(ctx);

    CHECK(belay_select(ctx, cases, LENGTH(cases)) == BELAY_CANCELED);
    CHECK(belay_select_first(ctx, cases, LENGTH(cases)) == BELAY_CANCELED);

    CHECK(belay_channel_try_recv(channel, &out) == 0);
    belay_end(ctx);
    belay_channel_end(channel);
}

TEST(a_deadline_ends_a_select)
{
    struct belay_channel *channel = empty();
    int ends[2], out = 0;
    CHECK(pipe(ends) == 0);
    struct belay_case cases[] = {belay_case_recv(channel, &out),
                                 belay_case_after(BELAY_HOUR),
                                 belay_case_fd(ends[0], POLLIN)};
    for (size_t count = 0; count <= LENGTH(cases); ++count) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
        CHECK(belay_select(ctx, cases, count) == BELAY_DEADLINE_EXCEEDED);
        belay_end(ctx);
    }

    CHECK(belay_channel_send(NULL, channel, &out) == 0);
    CHECK(belay_channel_try_recv(channel, &out) == 0);
    belay_channel_end(channel);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_a_channel_is_received),
        cmocka_unit_test(what_a_channel_has_room_for_is_sent),
        cmocka_unit_test(a_closed_channel_happens_either_way),
        cmocka_unit_test(a_context_that_has_ended_happens_with_its_error),
        cmocka_unit_test(a_descriptor_that_is_ready_happens_with_its_events),
        cmocka_unit_test(an_instant_that_has_come_happens),
        cmocka_unit_test(
            any_of_those_that_can_happen_does_with_the_same_chance),
        cmocka_unit_test(the_first_that_can_happen_does_where_order_counts),
        cmocka_unit_test(nothing_happens_at_once_where_nothing_can),
        cmocka_unit_test(an_ended_context_selects_nothing_though_it_could),
        cmocka_unit_test(a_deadline_ends_a_select),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
