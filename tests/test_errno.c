/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <sys/resource.h>

/* "None reads errno or leaves anything in it": also where the system calls
   below fail. */

static const struct belay_key key = {"key", NULL};

static void nothing(void *arg)
{
    (void)arg;
}

struct scene {
    belay_ctx *live;
    belay_ctx *ended;
    struct belay_watch watch;
    struct pollfd asked;
};

static void ask(struct scene *scene)
{
    char text[300];
    belay_time when;
    void *value;
    (void)belay_err(scene->live);
    belay_cause(scene->ended);
    belay_deadline(scene->live, &when);
    belay_remaining(scene->live);
    belay_value(scene->live, &key, &value);
    belay_describe(scene->live, text, sizeof text);
    belay_explain(scene->ended, text, sizeof text);
    belay_strerror(-4711);
    belay_stopped(scene->live);
    belay_now();
}

static void make_and_end(struct scene *scene)
{
    belay_ctx *value = belay_with_value(scene->live, &key, scene);
    belay_ctx *timed = belay_with_timeout(value, BELAY_HOUR);
    belay_ctx *past = belay_with_timeout_cause(timed, 0, -EIO, "late");
    belay_ctx *detached = belay_without_cancel(timed);
    belay_cancel(timed);
    belay_unref(belay_ref(detached));
    belay_end(detached);
    belay_end(past);
    belay_end(timed);
    belay_end(value);
}

static void cancel_with_cause(struct scene *scene)
{
    belay_ctx *ctx = belay_with_cancel(scene->live);
    belay_cancel_cause(ctx, -EIO, "%d", 1);
    belay_end(ctx);
}

static void watch(struct scene *scene)
{
    int calls = 0;
    belay_watch(scene->live, &scene->watch, count_call, &calls);
    belay_try_unwatch(&scene->watch);
    belay_watch(scene->ended, &scene->watch, count_call, &calls);
    belay_unwatch(&scene->watch);
}

static void after(struct scene *scene)
{
    belay_after_join(belay_after_func(scene->ended, nothing, NULL));
    belay_after_stop(belay_after_func(scene->live, nothing, NULL));
}

static void wait(struct scene *scene)
{
    belay_wait(scene->ended);
    belay_sleep(scene->live, 1000);
    belay_sleep(NULL, 1000);
    belay_poll(scene->live, &scene->asked, 1, 1000);
    belay_poll(NULL, &scene->asked, 1, 1000);
    belay_poll(scene->live, NULL, 0, 1000);
    belay_fd(scene->live);
    belay_fd(NULL);
}

static void wait_for_a_deadline(struct scene *scene)
{
    belay_ctx *ctx = belay_with_timeout(scene->live, 1000);
    belay_wait(ctx);
    belay_end(ctx);
}

enum { FEW = 64, MANY = 100 };

/* More than this process may have open: poll(2) says EINVAL. */
static int poll_too_many(const belay_ctx *ctx)
{
    struct pollfd asked[MANY];
    for (int i = 0; i < MANY; ++i)
        asked[i] = (struct pollfd){-1, POLLIN, -1};
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){FEW, before.rlim_max});
    int ready = belay_poll(ctx, asked, MANY, 0);
    setrlimit(RLIMIT_NOFILE, &before);
    return asked[MANY - 1].revents == 0 ? ready : 0;
}

static void poll_what_cannot_be(struct scene *scene)
{
    poll_too_many(NULL);
    poll_too_many(scene->live);
}

static void drive(struct scene *scene)
{
    (void)scene;
    belay_clock_run();
    belay_clock_slack(0);
    belay_clock_fd();
    belay_clock_run();
}

TEST(no_function_touches_errno)
{
    void (*calls[])(struct scene *) = {
        ask,   make_and_end,        cancel_with_cause,  watch, after, wait,
        drive, wait_for_a_deadline, poll_what_cannot_be};
    struct scene scene = {.live = belay_with_timeout(NULL, BELAY_HOUR),
                          .ended = belay_with_timeout(NULL, 0),
                          .asked = {-1, POLLIN, 0}};

    for (size_t i = 0; i < LENGTH(calls); ++i) {
        errno = EDOM;
        calls[i](&scene);
        CHECK(errno == EDOM);
    }

    belay_end(scene.ended);
    belay_end(scene.live);
}

/* Class W */
TEST(polling_too_many_descriptors_is_an_ordinary_error)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(poll_too_many(NULL) == -EINVAL);
    CHECK(poll_too_many(ctx) == -EINVAL);

    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_function_touches_errno),
        cmocka_unit_test(polling_too_many_descriptors_is_an_ordinary_error),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
