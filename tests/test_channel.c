/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/channel.h>

static void close_again(struct belay_channel *channel)
{
    CHECK(!belay_channel_close(channel));
}

/* --- What is in it ------------------------------------------------------ */

TEST(elements_come_out_in_the_order_they_went_in)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 3);
    int out = 0;

    for (int lap = 0; lap < 5; ++lap) {
        for (int i = 0; i < 3; ++i)
            CHECK(belay_channel_send(NULL, channel, &i) == 0);
        CHECK(belay_channel_try_send(channel, &lap) == -EAGAIN);
        for (int i = 0; i < 3; ++i)
            CHECK(belay_channel_recv(NULL, channel, &out) == 0 && out == i);
        CHECK(belay_channel_try_recv(channel, &out) == -EAGAIN && out == 2);
    }

    belay_channel_end(channel);
}

TEST(elements_may_have_any_size)
{
    const size_t sizes[] = {1, 3, 8, 1000};
    for (size_t i = 0; i < LENGTH(sizes); ++i) {
        struct belay_channel *channel = belay_channel_make(sizes[i], 2);
        char in[1000], out[1000] = "";
        memset(in, 'x', sizeof in);

        CHECK(belay_channel_send(NULL, channel, in) == 0);
        CHECK(belay_channel_recv(NULL, channel, out) == 0);

        CHECK(memcmp(in, out, sizes[i]) == 0);
        CHECK(sizes[i] == sizeof out || out[sizes[i]] == '\0');
        belay_channel_end(channel);
    }
}

TEST(elements_without_a_size_are_counted)
{
    struct belay_channel *channel = belay_channel_make(0, 2);

    CHECK(belay_channel_send(NULL, channel, NULL) == 0);
    CHECK(belay_channel_send(NULL, channel, NULL) == 0);
    CHECK(belay_channel_try_send(channel, NULL) == -EAGAIN);
    CHECK(belay_channel_recv(NULL, channel, NULL) == 0);
    CHECK(belay_channel_recv(NULL, channel, NULL) == 0);
    CHECK(belay_channel_try_recv(channel, NULL) == -EAGAIN);

    belay_channel_end(channel);
}

TEST(nothing_can_be_put_into_a_channel_without_capacity)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 0);
    int element = 1;

    CHECK(belay_channel_try_send(channel, &element) == -EAGAIN);
    CHECK(belay_channel_try_recv(channel, &element) == -EAGAIN);

    belay_channel_end(channel);
}

TEST(a_channel_that_memory_cannot_hold_refuses_everything)
{
    const size_t sizes[][2] = {
        {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 2, 2}, {SIZE_MAX - 8, 1}};
    for (size_t i = 0; i < LENGTH(sizes); ++i) {
        struct belay_channel *channel =
            belay_channel_make(sizes[i][0], sizes[i][1]);

        CHECK(belay_channel_send(NULL, channel, "") == -ENOMEM);
        CHECK(belay_channel_recv(NULL, channel, NULL) == -ENOMEM);
        CHECK(belay_channel_try_send(channel, "") == -ENOMEM);
        CHECK(belay_channel_try_recv(channel, NULL) == -ENOMEM);
        close_again(channel);
        belay_channel_end(channel);
    }
    belay_channel_end(NULL);
}

/* --- Ended contexts ----------------------------------------------------- */

TEST(an_ended_context_passes_nothing_though_it_could)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 2);
    belay_ctx *ctx = belay_with_cancel(NULL);
    int in = 1, out = 0;
    belay_cancel(ctx);

    CHECK(belay_channel_send(ctx, channel, &in) == BELAY_CANCELED);
    CHECK(belay_channel_try_recv(channel, &out) == -EAGAIN);
    CHECK(belay_channel_send(NULL, channel, &in) == 0);
    CHECK(belay_channel_recv(ctx, channel, &out) == BELAY_CANCELED);

    CHECK(out == 0 && belay_channel_try_recv(channel, &out) == 0);
    belay_end(ctx);
    belay_channel_end(channel);
}

TEST(a_deadline_ends_the_wait_for_the_other_side)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 0);
    int element = 1;
    for (int i = 0; i < 2; ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

        int err = i == 0 ? belay_channel_send(ctx, channel, &element)
                         : belay_channel_recv(ctx, channel, &element);

        CHECK(err == BELAY_DEADLINE_EXCEEDED && element == 1);
        CHECK(belay_channel_try_recv(channel, &element) == -EAGAIN);
        CHECK(belay_channel_try_send(channel, &element) == -EAGAIN);
        belay_end(ctx);
    }
    belay_channel_end(channel);
}

/* --- Closing ------------------------------------------------------------ */

TEST(what_is_in_a_closed_channel_can_be_received)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 2);
    int in = 7, out = 0;
    CHECK(belay_channel_send(NULL, channel, &in) == 0);

    CHECK(belay_channel_close(channel));

    CHECK(belay_channel_send(NULL, channel, &in) == -EPIPE);
    CHECK(belay_channel_try_send(channel, &in) == -EPIPE);
    CHECK(belay_channel_recv(NULL, channel, &out) == 0 && out == 7);
    CHECK(belay_channel_recv(NULL, channel, &out) == -EPIPE);
    CHECK(belay_channel_try_recv(channel, &out) == -EPIPE && out == 7);
    close_again(channel);
    belay_channel_end(channel);
}

static void *receive(void *channel)
{
    int element;
    return (void *)(intptr_t)belay_channel_recv(NULL, channel, &element);
}

static void *send(void *channel)
{
    int element = 1;
    return (void *)(intptr_t)belay_channel_send(NULL, channel, &element);
}

TEST(closing_lets_all_go_that_wait)
{
    void *(*const ways[])(void *) = {send, receive};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        struct belay_channel *channel = belay_channel_make(sizeof(int), 0);
        pthread_t waiting[8];
        for (size_t j = 0; j < LENGTH(waiting); ++j)
            waiting[j] = start(ways[i], channel);

        CHECK(belay_channel_close(channel));

        for (size_t j = 0; j < LENGTH(waiting); ++j)
            CHECK((intptr_t)join(waiting[j]) == -EPIPE);
        belay_channel_end(channel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_out_in_the_order_they_went_in),
        cmocka_unit_test(elements_may_have_any_size),
        cmocka_unit_test(elements_without_a_size_are_counted),
        cmocka_unit_test(nothing_can_be_put_into_a_channel_without_capacity),
        cmocka_unit_test(a_channel_that_memory_cannot_hold_refuses_everything),
        cmocka_unit_test(an_ended_context_passes_nothing_though_it_could),
        cmocka_unit_test(a_deadline_ends_the_wait_for_the_other_side),
        cmocka_unit_test(what_is_in_a_closed_channel_can_be_received),
        cmocka_unit_test(closing_lets_all_go_that_wait),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
