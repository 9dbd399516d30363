/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: libevent_core
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/libevent.c"
#undef main

static struct event_base *base;

static void count(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ++*(int *)arg;
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

TEST(an_end_on_another_thread_is_told_in_the_loop_once)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int calls = 0;
    struct event *end = add_end(base, ctx, count, &calls);

    pthread_t thread = start(cancel, ctx);
    event_base_dispatch(base);
    belay_duration within = since_end(ctx);

    CHECK(calls == 1 && event_base_loop(base, EVLOOP_NONBLOCK) == 1);
    print_row(&(struct row){"libevent", LIBEVENT_VERSION, "is told",
                            "an event on `belay_fd()`; another on "
                            "`belay_clock_fd()` drives the deadlines",
                            "a callback that does not return",
                            "`belay_err()` in it; `belay_group_go()`"},
              within);
    join(thread);
    event_free(end);
    belay_end(ctx);
}

TEST(a_deadline_that_the_loop_drives_is_told)
{
    struct event *clock = event_new(base, belay_clock_fd(),
                                    EV_READ | EV_PERSIST, run_clock, NULL);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    int calls = 0;
    struct event *end = add_end(base, ctx, count, &calls);
    event_add(clock, NULL);

    while (calls == 0)
        event_base_loop(base, EVLOOP_ONCE);

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    event_free(end);
    event_free(clock);
    belay_end(ctx);
}

TEST(an_ended_context_is_told_in_the_loop)
{
    belay_ctx *ctx = already();
    int calls = 0;
    struct event *end = add_end(base, ctx, count, &calls);
    CHECK(calls == 0);

    event_base_dispatch(base);

    CHECK(calls == 1);
    event_free(end);
    belay_end(ctx);
}

TEST(what_never_ends_is_never_told)
{
    int calls = 0;
    struct event *end = add_end(base, NULL, count, &calls);

    event_base_loop(base, EVLOOP_NONBLOCK);

    CHECK(end != NULL && calls == 0);
    event_free(end);
}

int main(void)
{
    watchdog();
    base = event_base_new();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_on_another_thread_is_told_in_the_loop_once),
        cmocka_unit_test(a_deadline_that_the_loop_drives_is_told),
        cmocka_unit_test(an_ended_context_is_told_in_the_loop),
        cmocka_unit_test(what_never_ends_is_never_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    event_base_free(base);
    return failed;
}
