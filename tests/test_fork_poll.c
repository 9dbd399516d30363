/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/belay.h>

/* A thread that polls is woken by a descriptor of the library's, which a child
   must not share with its parent. */

static int poll_once(belay_ctx *ctx, belay_duration timeout)
{
    struct pollfd none = {-1, POLLIN, 0};
    return belay_poll(ctx, &none, 1, timeout);
}

struct polled {
    belay_ctx *ctx;
    struct pollfd asked;
    int result;
};

static void *poll_for_ever(void *arg)
{
    struct polled *polled = arg;
    polled->result = belay_poll(polled->ctx, &polled->asked, 1, -1);
    return NULL;
}

static void cancel_a_poll(void *arg)
{
    belay_ctx *ctx = belay_with_timeout(arg, BELAY_MILLISECOND);
    EXPECT(poll_once(ctx, -1) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

/* Had it been woken for nothing, it would have returned 0. */
TEST(what_wakes_a_poll_in_the_child_wakes_none_in_the_parent)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct polled polled = {belay_with_cancel(NULL), {ends[0], POLLIN, 0}, 0};
    CHECK(poll_once(polled.ctx, 1) == 0);
    pthread_t thread = start(poll_for_ever, &polled);

    CHECK(in_child(cancel_a_poll, NULL) == 0);
    CHECK(in_child(cancel_a_poll, polled.ctx) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    join(thread);

    CHECK(polled.result == 1 && polled.asked.revents == POLLIN);
    belay_end(polled.ctx);
    close(ends[0]);
    close(ends[1]);
}

static void cancel_inherited(void *arg)
{
    EXPECT(belay_cancel(arg));
}

TEST(a_child_that_cancels_wakes_no_poll_in_the_parent)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct polled polled = {belay_with_cancel(NULL), {ends[0], POLLIN, 0}, 0};
    pthread_t thread = start(poll_for_ever, &polled);

    for (int i = 0; i < 50; ++i)
        CHECK(in_child(cancel_inherited, polled.ctx) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    join(thread);

    CHECK(polled.result == 1 && polled.asked.revents == POLLIN);
    belay_end(polled.ctx);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_wakes_a_poll_in_the_child_wakes_none_in_the_parent),
        cmocka_unit_test(a_child_that_cancels_wakes_no_poll_in_the_parent),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
