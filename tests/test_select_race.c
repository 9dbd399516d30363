/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/select.h>

/* Selects against each other, and against ends. */

/* --- Two selects that can only meet each other -------------------------- */

enum { ROUNDS = SANITIZED ? 2000 : 20000 };

struct meeting {
    struct belay_channel *channels[2];
    atomic_int parties;
    atomic_int sent[2];
    atomic_int received[2];
    atomic_int stray; /* elements that came by another channel than sent */
    atomic_int given_up;
};

/* Each party sends and receives by both; short waits end in the middle. */
static void *meet(void *arg)
{
    struct meeting *m = arg;
    int seed = atomic_fetch_add(&m->parties, 1);
    for (int round = 0; round < ROUNDS; ++round) {
        int in[] = {0, 1}, out[] = {-1, -1};
        struct belay_case cases[] = {belay_case_send(m->channels[0], &in[0]),
                                     belay_case_recv(m->channels[0], &out[0]),
                                     belay_case_send(m->channels[1], &in[1]),
                                     belay_case_recv(m->channels[1], &out[1])};
        belay_ctx *ctx = belay_with_timeout(NULL, (seed + round) % 64 * 10 *
                                                      BELAY_MICROSECOND);
        int which = belay_select(ctx, cases, LENGTH(cases));
        belay_end(ctx);
        if (which < 0) {
            atomic_fetch_add(&m->given_up, 1);
            continue;
        }
        int channel = which / 2;
        atomic_fetch_add(
            which % 2 == 0 ? &m->sent[channel] : &m->received[channel], 1);
        for (int i = 0; i < 2; ++i)
            if (out[i] != (which == 2 * i + 1 ? i : -1))
                atomic_fetch_add(&m->stray, 1);
    }
    return NULL;
}

TEST(of_two_selects_that_meet_one_sends_what_the_other_receives)
{
    struct meeting m = {.parties = 0};
    pthread_t threads[4];
    for (int i = 0; i < 2; ++i)
        m.channels[i] = belay_channel_make(sizeof(int), 0);
    for (size_t i = 0; i < LENGTH(threads); ++i)
        threads[i] = start(meet, &m);
    for (size_t i = 0; i < LENGTH(threads); ++i)
        join(threads[i]);

    CHECK(m.stray == 0 && m.given_up > 0);
    for (int i = 0; i < 2; ++i) {
        CHECK(m.sent[i] == m.received[i] && m.sent[i] > 0);
        belay_channel_end(m.channels[i]);
    }
}

/* No wait of these ends but by another: who is not met would wait for ever. */
static void *meet_surely(void *arg)
{
    struct meeting *m = arg;
    int party = atomic_fetch_add(&m->parties, 1);
    for (int round = 0; round < ROUNDS; ++round) {
        int element = round, out = -1;
        struct belay_case cases[] = {
            belay_case_send(m->channels[party % 2], &element),
            belay_case_recv(m->channels[(party + 1) % 2], &out)};
        int which = belay_select(NULL, cases, LENGTH(cases));
        int other = belay_select(NULL, &cases[1 - which], 1);
        if (other != 0 || out != round)
            return m;
    }
    return NULL;
}

TEST(two_selects_never_miss_each_other)
{
    struct meeting m = {.parties = 0};
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i)
        m.channels[i] = belay_channel_make(sizeof(int), 0);
    for (int i = 0; i < 2; ++i)
        threads[i] = start(meet_surely, &m);
    for (int i = 0; i < 2; ++i)
        CHECK(join(threads[i]) == NULL);
    for (int i = 0; i < 2; ++i)
        belay_channel_end(m.channels[i]);
}

/* --- A select between what happens and the ends of two contexts --------- */

struct duel {
    struct belay_channel *channel;
    belay_ctx *ctx;
    belay_ctx *other;
    int which;
    int result;
    int out;
    int sent;
    int rounds;
    int happened[2];
    int ended;
};

static void set_up(void *arg)
{
    struct duel *d = arg;
    d->ctx = belay_with_cancel(NULL);
    d->other = belay_with_cancel(NULL);
    d->out = 0;
}

static void select_one(void *arg)
{
    struct duel *d = arg;
    struct belay_case cases[] = {belay_case_recv(d->channel, &d->out),
                                 belay_case_ended(d->other)};
    d->which = belay_select(d->ctx, cases, LENGTH(cases));
    d->result = d->which >= 0 ? cases[d->which].result : d->which;
}

static void send_shortly(struct duel *d)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_MICROSECOND);
    int element = 1;
    d->sent = belay_channel_send(ctx, d->channel, &element);
    belay_end(ctx);
}

static void do_all_three(void *arg)
{
    struct duel *d = arg;
    if (d->rounds % 3 == 0)
        belay_cancel(d->ctx);
    if (d->rounds % 3 == 1)
        belay_cancel(d->other);
    send_shortly(d);
    belay_cancel(d->other);
    belay_cancel(d->ctx);
}

static void look(void *arg)
{
    struct duel *d = arg;
    CHECK((d->which == 0) == (d->sent == 0));
    CHECK(d->out == (d->which == 0));
    CHECK(d->result == (d->which == 0 ? 0 : BELAY_CANCELED));
    ++*(d->which < 0 ? &d->ended : &d->happened[d->which]);
    ++d->rounds;
    belay_end(d->ctx);
    belay_end(d->other);
}

TEST(exactly_one_of_what_races_has_happened)
{
    struct duel d = {.channel = belay_channel_make(sizeof(int), 0)};

    run_race((struct race){set_up, select_one, do_all_three, look, &d}, RACES);

    CHECK(d.happened[0] > 0 && d.happened[1] > 0 && d.ended > 0);
    belay_channel_end(d.channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            of_two_selects_that_meet_one_sends_what_the_other_receives),
        cmocka_unit_test(two_selects_never_miss_each_other),
        cmocka_unit_test(exactly_one_of_what_races_has_happened),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
