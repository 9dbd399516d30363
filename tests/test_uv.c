/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/uv.h>

/* A loop with one handle, and what its callbacks saw. */
struct scene {
    uv_loop_t loop;
    struct belay_uv handle;
    pthread_t thread; /* which fn was called on */
    int calls;
    int err;
    int closed;
};

static void note_close(struct belay_uv *handle)
{
    ++((struct scene *)handle->data)->closed;
}

static void note_and_close(struct belay_uv *handle, int err)
{
    struct scene *scene = handle->data;
    scene->thread = pthread_self();
    scene->err = err;
    ++scene->calls;
    belay_uv_close(handle, note_close);
}

static void set(struct scene *scene, const belay_ctx *ctx)
{
    memset(scene, 0, sizeof *scene);
    scene->handle.data = scene;
    CHECK(uv_loop_init(&scene->loop) == 0);
    CHECK(belay_uv_watch(&scene->loop, &scene->handle, ctx, note_and_close) ==
          0);
}

static void clear(struct scene *scene)
{
    CHECK(uv_run(&scene->loop, UV_RUN_DEFAULT) == 0);
    CHECK(scene->closed == 1);
    CHECK(uv_loop_close(&scene->loop) == 0);
}

static void *cancel_context(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

TEST(an_end_on_another_thread_is_told_in_the_loop)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct scene scene;
    set(&scene, ctx);

    pthread_t thread = start(cancel_context, ctx);
    uv_run(&scene.loop, UV_RUN_DEFAULT);

    CHECK(scene.calls == 1 && scene.err == BELAY_CANCELED);
    CHECK(pthread_equal(scene.thread, pthread_self()));
    join(thread);
    clear(&scene);
    belay_end(ctx);
}

TEST(an_ended_context_is_told_in_the_loop_and_not_before)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    struct scene scene;

    set(&scene, ctx);
    CHECK(scene.calls == 0);
    uv_run(&scene.loop, UV_RUN_DEFAULT);

    CHECK(scene.calls == 1 && scene.err == BELAY_DEADLINE_EXCEEDED);
    clear(&scene);
    belay_end(ctx);
}

TEST(a_closed_handle_is_not_told)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct scene scene;
    set(&scene, ctx);

    belay_cancel(ctx);
    belay_uv_close(&scene.handle, note_close);

    clear(&scene);
    CHECK(scene.calls == 0);
    belay_end(ctx);
}

TEST(a_handle_keeps_its_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct scene scene;
    set(&scene, ctx);

    belay_end(ctx);

    clear(&scene);
    CHECK(scene.calls == 1 && scene.err == BELAY_CANCELED);
}

TEST(what_never_ends_is_never_told)
{
    struct scene scene;
    set(&scene, NULL);

    CHECK(uv_run(&scene.loop, UV_RUN_NOWAIT) != 0);
    belay_uv_close(&scene.handle, note_close);

    clear(&scene);
    CHECK(scene.calls == 0);
}

TEST(a_handle_that_is_let_go_does_not_keep_the_loop)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct scene scene;
    set(&scene, ctx);
    uv_unref((uv_handle_t *)&scene.handle.async);

    CHECK(uv_run(&scene.loop, UV_RUN_DEFAULT) == 0);

    belay_uv_close(&scene.handle, note_close);
    clear(&scene);
    belay_end(ctx);
}

TEST(a_handle_may_be_closed_without_being_told_of_it)
{
    struct scene scene;
    set(&scene, NULL);

    belay_uv_close(&scene.handle, NULL);

    CHECK(uv_run(&scene.loop, UV_RUN_DEFAULT) == 0);
    CHECK(scene.closed == 0);
    CHECK(uv_loop_close(&scene.loop) == 0);
}

static void run_clock(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    *(int *)poll->data += belay_clock_run();
}

TEST(a_loop_drives_its_deadlines)
{
    int fired = 0;
    int clock = belay_clock_fd();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct scene scene;
    set(&scene, ctx);
    uv_poll_t poll = {.data = &fired};
    CHECK(uv_poll_init(&scene.loop, &poll, clock) == 0);
    CHECK(uv_poll_start(&poll, UV_READABLE, run_clock) == 0);

    while (scene.calls == 0)
        uv_run(&scene.loop, UV_RUN_ONCE);

    CHECK(fired == 1 && scene.err == BELAY_DEADLINE_EXCEEDED);
    uv_close((uv_handle_t *)&poll, NULL);
    clear(&scene);
    belay_end(ctx);
}

/* --- Races ---------------------------------------------------------------- */

struct closing {
    struct scene scene;
    belay_ctx *ctx;
};

static void prepare(void *arg)
{
    struct closing *closing = arg;
    closing->ctx = belay_with_cancel(NULL);
    set(&closing->scene, closing->ctx);
}

static void close_handle(void *arg)
{
    belay_uv_close(&((struct closing *)arg)->scene.handle, note_close);
}

static void cancel(void *arg)
{
    belay_cancel(((struct closing *)arg)->ctx);
}

static void check_closed(void *arg)
{
    struct closing *closing = arg;
    clear(&closing->scene);
    CHECK(closing->scene.calls == 0);
    belay_end(closing->ctx);
}

TEST(closing_races_with_the_end)
{
    struct closing closing;
    run_race(
        (struct race){prepare, close_handle, cancel, check_closed, &closing},
        RACES);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_on_another_thread_is_told_in_the_loop),
        cmocka_unit_test(an_ended_context_is_told_in_the_loop_and_not_before),
        cmocka_unit_test(a_closed_handle_is_not_told),
        cmocka_unit_test(a_handle_keeps_its_context),
        cmocka_unit_test(what_never_ends_is_never_told),
        cmocka_unit_test(a_handle_that_is_let_go_does_not_keep_the_loop),
        cmocka_unit_test(a_handle_may_be_closed_without_being_told_of_it),
        cmocka_unit_test(a_loop_drives_its_deadlines),
        cmocka_unit_test(closing_races_with_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
