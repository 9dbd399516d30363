/*
 * A request in a libuv loop, which drives its deadline, too: no thread.
 *
 *     cc uv.c $(pkg-config --cflags --libs belay-uv) && ./a.out
 */
#define _POSIX_C_SOURCE 200809L /* libuv's header needs it */

#include <belay/uv.h>

#include <stdio.h>

static void on_end(struct belay_uv *end, int err)
{
    printf("request: %s\n", belay_strerror(err));
    uv_close(end->data, NULL); /* the work */
    belay_uv_close(end, NULL); /* the clock alone does not keep the loop */
}

static void on_done(uv_timer_t *work)
{
    uv_stop(work->loop);
}

static void on_clock(uv_poll_t *clock, int status, int events)
{
    (void)clock, (void)status, (void)events;
    belay_clock_run();
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_poll_t clock;
    uv_timer_t work; /* that would take ten seconds */
    struct belay_uv end = {.data = &work};
    if (uv_poll_init(loop, &clock, belay_clock_fd()) != 0 ||
        uv_poll_start(&clock, UV_READABLE, on_clock) != 0)
        return 1;
    uv_unref((uv_handle_t *)&clock);

    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    uv_timer_init(loop, &work);
    uv_timer_start(&work, on_done, 10000, 0);
    if (belay_uv_watch(loop, &end, ctx, on_end) != 0)
        return 1;
    uv_run(loop, UV_RUN_DEFAULT);
    belay_end(ctx);
    return 0;
}
