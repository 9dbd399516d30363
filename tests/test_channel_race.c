/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/channel.h>

/* Many parties, and an element against an end. */

/* --- Many at once ------------------------------------------------------- */

enum { PARTIES = 3, ROUNDS = SANITIZED ? 3000 : 30000 };

struct traffic {
    struct belay_channel *channel;
    atomic_int senders; /* so far */
    atomic_long sent;
    atomic_long received;
    atomic_long refused;
};

struct parcel {
    int sender;
    int number;
};

static belay_ctx *sometimes_short(int i)
{
    return i % 4 > 0 ? NULL
                     : belay_with_timeout(NULL, i % 64 * BELAY_MICROSECOND);
}

static void *send_many(void *arg)
{
    struct traffic *traffic = arg;
    struct parcel parcel = {atomic_fetch_add(&traffic->senders, 1), 0};
    for (int i = 0; i < ROUNDS; ++i) {
        belay_ctx *ctx = sometimes_short(i);
        parcel.number = i;
        int err = belay_channel_send(ctx, traffic->channel, &parcel);
        atomic_fetch_add(err == 0 ? &traffic->sent : &traffic->refused, 1);
        belay_end(ctx);
    }
    return NULL;
}

/* Of each sender, what comes later was sent later. */
static void *receive_many(void *arg)
{
    struct traffic *traffic = arg;
    int last[PARTIES];
    memset(last, -1, sizeof last);
    for (int i = 0;; ++i) {
        struct parcel parcel = {0, 0};
        belay_ctx *ctx = sometimes_short(i);
        int err = belay_channel_recv(ctx, traffic->channel, &parcel);
        belay_end(ctx);
        if (err == -EPIPE)
            return NULL;
        if (err != 0)
            continue;
        if (parcel.number <= last[parcel.sender])
            return traffic;
        last[parcel.sender] = parcel.number;
        atomic_fetch_add(&traffic->received, 1);
    }
}

TEST(each_element_that_was_sent_is_received_once_and_in_order)
{
    for (size_t capacity = 0; capacity < 3; ++capacity) {
        struct traffic traffic = {
            .channel = belay_channel_make(sizeof(struct parcel), capacity)};
        pthread_t senders[PARTIES], receivers[PARTIES];
        for (int i = 0; i < PARTIES; ++i) {
            senders[i] = start(send_many, &traffic);
            receivers[i] = start(receive_many, &traffic);
        }
        for (int i = 0; i < PARTIES; ++i)
            join(senders[i]);
        CHECK(belay_channel_close(traffic.channel));
        for (int i = 0; i < PARTIES; ++i)
            CHECK(join(receivers[i]) == NULL);

        CHECK(traffic.sent == traffic.received && traffic.refused > 0);
        CHECK(traffic.sent + traffic.refused == PARTIES * ROUNDS);
        belay_channel_end(traffic.channel);
    }
}

/* --- An element and an end ---------------------------------------------- */

struct duel {
    struct belay_channel *channel;
    belay_ctx *ctx;
    int received;
    int err;
    int sent;
    int won;
    int lost;
};

static void set_up(void *arg)
{
    struct duel *d = arg;
    d->ctx = belay_with_cancel(NULL);
    d->received = 0;
}

static void receive_one(void *arg)
{
    struct duel *d = arg;
    d->err = belay_channel_recv(d->ctx, d->channel, &d->received);
}

static void cancel_then_send(void *arg)
{
    struct duel *d = arg;
    int element = 1;
    bool is_cancel_first = (d->won + d->lost) % 2 == 0;
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_MICROSECOND);
    if (is_cancel_first)
        belay_cancel(d->ctx);
    d->sent = belay_channel_send(ctx, d->channel, &element);
    belay_cancel(d->ctx);
    belay_end(ctx);
}

static void look(void *arg)
{
    struct duel *d = arg;
    CHECK((d->err == 0) == (d->sent == 0));
    CHECK(d->received == (d->err == 0));
    ++*(d->err == 0 ? &d->won : &d->lost);
    belay_end(d->ctx);
}

TEST(both_sides_agree_on_whether_an_element_was_passed)
{
    struct duel d = {.channel = belay_channel_make(sizeof(int), 0)};

    run_race((struct race){set_up, receive_one, cancel_then_send, look, &d},
             RACES);

    CHECK(d.won > 0 && d.lost > 0);
    belay_channel_end(d.channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            each_element_that_was_sent_is_received_once_and_in_order),
        cmocka_unit_test(both_sides_agree_on_whether_an_element_was_passed),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
