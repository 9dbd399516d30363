/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/*
 * Every function of the library, called from inside everything that the library
 * calls: a watch, an after-function, and the destructor of a value.  Each call
 * does there what it does elsewhere, and none waits for itself.
 */

struct scene;
typedef void call_fn(struct scene *scene);

struct scene {
    call_fn *call;
    belay_ctx *ending;         /* what the watch was told of, or the after */
    belay_ctx *live;           /* in the same tree, above it */
    struct belay_watch self;   /* told right now, if it is a watch */
    struct belay_watch other;  /* on `live` */
    struct belay_after *after; /* on `live` */
    int other_calls;
    sem_t called;
    int wrong; /* promises broken: the line of the last one */
};

#define PROMISE(claim) ((claim) ? (void)0 : (void)(scene->wrong = __LINE__))

static const struct belay_key plain = {"plain", NULL};

static void nothing(void *arg)
{
    (void)arg;
}

/* --- The calls ---------------------------------------------------------- */

static void ask_roots(struct scene *scene)
{
    PROMISE(belay_now() > 0);
    PROMISE(belay_err(belay_background()) == 0);
    PROMISE(belay_err(belay_todo()) == 0);
    PROMISE(belay_strerror(-EPIPE) != NULL);
}

static void ask_live(struct scene *scene)
{
    char text[300];
    belay_time when;
    void *value = NULL;
    PROMISE(belay_err(scene->live) == 0);
    PROMISE(belay_stopped(scene->live) == 0);
    PROMISE(belay_cause(scene->live) == NULL);
    PROMISE(belay_deadline(scene->live, &when));
    PROMISE(belay_remaining(scene->live) > 0);
    PROMISE(!belay_value(scene->live, &plain, &value));
    PROMISE(belay_describe(scene->live, text, sizeof text) > 0);
    PROMISE(belay_explain(scene->live, text, sizeof text) > 0);
}

static void ask_ended(struct scene *scene)
{
    if (scene->ending == NULL)
        return;
    PROMISE(belay_err(scene->ending) == BELAY_CANCELED);
    PROMISE(belay_cause(scene->ending) != NULL);
    PROMISE(belay_wait(scene->ending) == BELAY_CANCELED);
    PROMISE(belay_sleep(scene->ending, BELAY_HOUR) == BELAY_CANCELED);
    PROMISE(belay_poll(scene->ending, NULL, 0, -1) == BELAY_CANCELED);
    PROMISE(is_readable(belay_fd(scene->ending)));
    PROMISE(!belay_cancel(scene->ending));
    PROMISE(!belay_cancel_cause(scene->ending, -EIO, "x"));
}

static void make_and_end(struct scene *scene)
{
    belay_ctx *made[] = {
        belay_with_cancel(scene->live),
        belay_with_deadline(scene->live, belay_now() + BELAY_MINUTE),
        belay_with_timeout(scene->live, BELAY_MINUTE),
        belay_with_deadline_cause(scene->live, BELAY_FOREVER, 0, NULL),
        belay_with_timeout_cause(scene->live, BELAY_MINUTE, -EIO, "slow"),
        belay_with_value(scene->live, &plain, scene),
        belay_without_cancel(scene->live),
        belay_with_cancel(scene->ending),
        belay_with_timeout(scene->ending, BELAY_MINUTE),
        belay_with_value(scene->ending, &plain, scene),
    };
    for (size_t i = 0; i < 7; ++i)
        PROMISE(belay_err(made[i]) == 0);
    for (size_t i = 7; i < LENGTH(made); ++i)
        PROMISE(belay_err(made[i]) == belay_err(scene->ending));
    for (size_t i = 0; i < LENGTH(made); ++i)
        belay_end(made[i]);
}

static void make_past(struct scene *scene)
{
    belay_ctx *ctx = belay_with_timeout(scene->live, 0);
    PROMISE(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

static void cancel_child(struct scene *scene)
{
    belay_ctx *child = belay_with_cancel(scene->live);
    PROMISE(belay_cancel(child));
    belay_end(child);
    child = belay_with_cancel(scene->live);
    PROMISE(belay_cancel_cause(child, -EIO, "%d", 1));
    belay_end(child);
}

static void cancel_above(struct scene *scene)
{
    PROMISE(belay_cancel(scene->live));
    PROMISE(scene->other_calls == 1);
    scene->other_calls = 0;
}

static void count_references(struct scene *scene)
{
    belay_unref(belay_ref(scene->live));
    if (scene->ending != NULL)
        belay_unref(belay_ref(scene->ending));
}

static void watch_live(struct scene *scene)
{
    struct belay_watch watch;
    int calls = 0;
    PROMISE(belay_watch(scene->live, &watch, count_call, &calls));
    PROMISE(belay_unwatch(&watch));
    PROMISE(belay_watch(scene->live, &watch, count_call, &calls));
    PROMISE(belay_try_unwatch(&watch) == 1);
    PROMISE(calls == 0);
}

static void watch_ended(struct scene *scene)
{
    struct belay_watch watch;
    int calls = 0;
    bool is_live = scene->ending == NULL;
    PROMISE(belay_watch(scene->ending, &watch, count_call, &calls) == is_live);
    PROMISE(calls == 0);
}

static void take_self_back(struct scene *scene)
{
    PROMISE(belay_try_unwatch(&scene->self) <= 0);
    PROMISE(!belay_unwatch(&scene->self));
    PROMISE(belay_try_unwatch(&scene->self) == 0);
}

static void take_other_back(struct scene *scene)
{
    PROMISE(belay_unwatch(&scene->other));
    PROMISE(belay_try_unwatch(&scene->other) == 0);
}

static void register_after(struct scene *scene)
{
    struct belay_after *ours = belay_after_func(scene->live, nothing, NULL);
    PROMISE(ours != NULL && belay_after_stop(ours));
    ours = belay_after_func(scene->live, nothing, NULL);
    PROMISE(ours != NULL && belay_after_join(ours));
}

/* Waits, in here, for an after-function that runs elsewhere. */
static void join_running_after(struct scene *scene)
{
    belay_ctx *ctx = belay_with_timeout(scene->live, 0);
    struct belay_after *ours = belay_after_func(ctx, nothing, NULL);
    PROMISE(ours != NULL && !belay_after_join(ours));
    belay_end(ctx);
}

static void stop_after(struct scene *scene)
{
    PROMISE(belay_after_stop(scene->after));
    scene->after = NULL;
}

static void wait_a_little(struct scene *scene)
{
    struct pollfd none = {-1, POLLIN, 0};
    PROMISE(belay_sleep(scene->live, 1000) == 0);
    PROMISE(belay_poll(scene->live, NULL, 0, 1000) == 0);
    PROMISE(belay_poll(scene->live, &none, 1, 1000) == 0);
    PROMISE(belay_fd(scene->live) >= 0);
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

static void wait_for_another_thread(struct scene *scene)
{
    belay_ctx *ctx = belay_with_cancel(scene->live);
    pthread_t thread;
    PROMISE(pthread_create(&thread, NULL, cancel, ctx) == 0);
    PROMISE(belay_wait(ctx) == BELAY_CANCELED);
    pthread_join(thread, NULL);
    belay_end(ctx);
}

static void wait_for_a_deadline(struct scene *scene)
{
    belay_ctx *ctx = belay_with_timeout(scene->live, 1000);
    PROMISE(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

static void run_clock(struct scene *scene)
{
    belay_clock_slack(0);
    PROMISE(belay_clock_run() == 0);
}

static void drive_clock(struct scene *scene)
{
    PROMISE(belay_clock_fd() >= 0);
    PROMISE(belay_clock_run() == 0);
}

/* --- The places --------------------------------------------------------- */

static void in_watch(void *arg, int err)
{
    struct scene *scene = arg;
    (void)err;
    scene->call(scene);
    sem_post(&scene->called);
}

static void in_function(void *arg)
{
    struct scene *scene = arg;
    scene->call(scene);
    sem_post(&scene->called);
}

static const struct belay_key calling = {"calling", in_function};

static void call_in_watch(struct scene *scene)
{
    scene->ending = belay_with_cancel(scene->live);
    CHECK(belay_watch(scene->ending, &scene->self, in_watch, scene));
    CHECK(belay_cancel(scene->ending));
    belay_end(scene->ending);
}

static void call_in_after(struct scene *scene)
{
    scene->ending = belay_with_cancel(scene->live);
    struct belay_after *after =
        belay_after_func(scene->ending, in_function, scene);
    CHECK(belay_cancel(scene->ending));
    CHECK(!belay_after_join(after));
    belay_end(scene->ending);
}

static void call_in_destructor(struct scene *scene)
{
    belay_ctx *value = belay_with_value(scene->live, &calling, scene);
    belay_end(value);
}

/* The registration holds the last reference: it goes on the library's thread.
 */
static void call_in_destructor_on_a_library_thread(struct scene *scene)
{
    belay_ctx *value = belay_with_value(scene->live, &calling, scene);
    belay_ctx *ctx = belay_with_timeout(value, 0);
    belay_end(value);
    struct belay_after *after = belay_after_func(ctx, nothing, NULL);
    belay_end(ctx);
    CHECK(!belay_after_join(after));
}

static void check_call(call_fn *call, void (*place)(struct scene *scene))
{
    struct scene scene = {.call = call};
    sem_init(&scene.called, 0, 0);
    scene.live = belay_with_timeout(NULL, BELAY_HOUR);
    CHECK(
        belay_watch(scene.live, &scene.other, count_call, &scene.other_calls));
    scene.after = belay_after_func(scene.live, nothing, NULL);

    place(&scene);
    await(&scene.called);

    CHECK(!has_come(&scene.called));
    CHECK(scene.wrong == 0);
    CHECK(scene.other_calls == 0);
    belay_unwatch(&scene.other);
    belay_after_stop(scene.after);
    belay_end(scene.live);
}

/* Reliability row 21.  The last call is for good, and so must be the last. */
TEST(every_function_may_be_called_from_everywhere)
{
    call_fn *calls[] = {ask_roots,
                        ask_live,
                        ask_ended,
                        make_and_end,
                        make_past,
                        cancel_child,
                        cancel_above,
                        count_references,
                        watch_live,
                        watch_ended,
                        take_self_back,
                        take_other_back,
                        register_after,
                        join_running_after,
                        stop_after,
                        wait_a_little,
                        wait_for_another_thread,
                        wait_for_a_deadline,
                        run_clock,
                        drive_clock};
    void (*places[])(struct scene *) = {call_in_watch, call_in_after,
                                        call_in_destructor,
                                        call_in_destructor_on_a_library_thread};

    for (size_t call = 0; call < LENGTH(calls); ++call)
        for (size_t place = 0; place < LENGTH(places); ++place)
            check_call(calls[call], places[place]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_may_be_called_from_everywhere),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
