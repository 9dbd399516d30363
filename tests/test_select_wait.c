/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/select.h>

static struct belay_channel *empty(void)
{
    return belay_channel_make(sizeof(int), 1);
}

/* --- What happens while it waits ---------------------------------------- */

struct later {
    struct belay_channel *channel;
    belay_ctx *other;
    int fd;
    void (*act)(struct later *later);
};

static void send(struct later *later)
{
    int element = 9;
    if (belay_channel_send(NULL, later->channel, &element) != 0)
        abort();
}

static void close_channel(struct later *later)
{
    belay_channel_close(later->channel);
}

static void cancel(struct later *later)
{
    belay_cancel(later->other);
}

static void write_byte(struct later *later)
{
    if (write(later->fd, "x", 1) != 1)
        abort();
}

static void *act(void *arg)
{
    struct later *later = arg;
    later->act(later);
    return NULL;
}

/* All kinds at once, of which the one at `expected` happens. */
static void select_among_all(struct later later, int expected, int result)
{
    int ends[2], out = 0;
    CHECK(pipe(ends) == 0);
    later.channel = belay_channel_make(sizeof out, 0);
    later.other = belay_with_cancel(NULL);
    later.fd = ends[1];
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_case cases[] = {
        belay_case_recv(later.channel, &out), belay_case_ended(later.other),
        belay_case_fd(ends[0], POLLIN), belay_case_after(BELAY_HOUR)};
    pthread_t thread = start(act, &later);

    CHECK(belay_select(ctx, cases, LENGTH(cases)) == expected);

    CHECK(cases[expected].result == result);
    CHECK(out == (later.act == send ? 9 : 0));
    join(thread);
    belay_end(ctx);
    belay_end(later.other);
    belay_channel_end(later.channel);
    close(ends[0]);
    close(ends[1]);
}

TEST(whatever_happens_first_ends_the_wait)
{
    for (int round = 0; round < 200; ++round) {
        select_among_all((struct later){.act = send}, 0, 0);
        select_among_all((struct later){.act = close_channel}, 0, -EPIPE);
        select_among_all((struct later){.act = cancel}, 1, BELAY_CANCELED);
        select_among_all((struct later){.act = write_byte}, 2, POLLIN);
    }
}

TEST(an_instant_comes_while_it_waits)
{
    struct belay_channel *channel = empty();
    int out;
    belay_time when = belay_now() + BELAY_MILLISECOND;
    struct belay_case cases[] = {belay_case_recv(channel, &out),
                                 belay_case_after(BELAY_HOUR),
                                 belay_case_at(when)};

    CHECK(belay_select(NULL, cases, LENGTH(cases)) == 2);

    CHECK(belay_now() >= when);
    belay_channel_end(channel);
}

/* Some come before there is anything to wait on. */
TEST(an_instant_that_is_near_happens)
{
    for (int i = 0; i < (SANITIZED ? 2000 : 20000); ++i) {
        struct belay_case only = belay_case_after(i % 2000);
        CHECK(belay_select(NULL, &only, 1) == 0);
    }
}

TEST(cases_may_go_as_soon_as_a_select_has_returned)
{
    struct belay_channel *channel = empty();
    belay_ctx *other = belay_with_cancel(NULL);
    int out = 0;
    struct belay_case cases[] = {belay_case_ended(other),
                                 belay_case_recv(channel, &out),
                                 belay_case_after(BELAY_MILLISECOND)};
    CHECK(belay_select(NULL, cases, LENGTH(cases)) == 2);

    memset(cases, 0, sizeof cases);

    belay_cancel(other);
    belay_channel_close(channel);
    belay_end(other);
    belay_channel_end(channel);
}

/* Too many for what a select has on its stack. */
TEST(many_descriptors_may_be_selected_from)
{
    enum { MANY = 40 };
    int ends[MANY][2];
    struct belay_case cases[MANY];
    for (int i = 0; i < MANY; ++i) {
        CHECK(pipe(ends[i]) == 0);
        cases[i] = belay_case_fd(ends[i][0], POLLIN);
    }
    struct later later = {.fd = ends[33][1], .act = write_byte};
    pthread_t thread = start(act, &later);

    CHECK(belay_select(NULL, cases, MANY) == 33);

    join(thread);
    for (int i = 0; i < MANY; ++i) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_first_ends_the_wait),
        cmocka_unit_test(an_instant_comes_while_it_waits),
        cmocka_unit_test(an_instant_that_is_near_happens),
        cmocka_unit_test(cases_may_go_as_soon_as_a_select_has_returned),
        cmocka_unit_test(many_descriptors_may_be_selected_from),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
