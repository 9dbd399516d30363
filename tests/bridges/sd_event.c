/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: libsystemd
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/sd_event.c"
#undef main

static int count(sd_event_source *source, int fd, uint32_t events, void *arg)
{
    (void)fd;
    (void)events;
    ++*(int *)arg;
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

static sd_event *make_loop(void)
{
    sd_event *event;
    CHECK(sd_event_new(&event) >= 0);
    return event;
}

TEST(an_end_on_another_thread_is_told_in_the_loop)
{
    sd_event *event = make_loop();
    sd_event_source *end;
    belay_ctx *ctx = belay_with_cancel(NULL);
    int calls = 0;
    CHECK(add_end(event, &end, ctx, count, &calls) >= 0);

    pthread_t thread = start(cancel, ctx);
    CHECK(sd_event_loop(event) == 0);
    belay_duration within = since_end(ctx);

    CHECK(calls == 1);
    print_row(&(struct row){"sd-event", "libsystemd.so.0", "is told",
                            "an io source on `belay_fd()`; another on "
                            "`belay_clock_fd()` drives the deadlines",
                            "a handler that does not return",
                            "`belay_err()` in it; `belay_group_go()`"},
              within);
    join(thread);
    sd_event_source_disable_unref(end);
    belay_end(ctx);
    sd_event_unref(event);
}

TEST(a_deadline_that_the_loop_drives_is_told)
{
    sd_event *event = make_loop();
    CHECK(sd_event_add_io(event, NULL, belay_clock_fd(), EPOLLIN, run_clock,
                          NULL) >= 0);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    sd_event_source *end;
    int calls = 0;
    CHECK(add_end(event, &end, ctx, count, &calls) >= 0);

    CHECK(sd_event_loop(event) == 0);

    CHECK(calls == 1 && belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    sd_event_source_disable_unref(end);
    belay_end(ctx);
    sd_event_unref(event);
}

TEST(an_end_is_told_once)
{
    sd_event *event = make_loop();
    sd_event_source *end;
    belay_ctx *ctx = already();
    int calls = 0;
    int enabled;
    CHECK(add_end(event, &end, ctx, count, &calls) >= 0);

    CHECK(sd_event_loop(event) == 0);

    CHECK(calls == 1);
    CHECK(sd_event_source_get_enabled(end, &enabled) == SD_EVENT_OFF);
    sd_event_source_disable_unref(end);
    belay_end(ctx);
    sd_event_unref(event);
}

TEST(what_never_ends_has_no_source)
{
    sd_event *event = make_loop();
    sd_event_source *end;
    int calls = 0;

    CHECK(add_end(event, &end, NULL, count, &calls) == 0);

    CHECK(end == NULL);
    sd_event_unref(event);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_on_another_thread_is_told_in_the_loop),
        cmocka_unit_test(a_deadline_that_the_loop_drives_is_told),
        cmocka_unit_test(an_end_is_told_once),
        cmocka_unit_test(what_never_ends_has_no_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
