/* SPDX-License-Identifier: MIT */
#ifndef BELAY_UV_H
#define BELAY_UV_H

/*
 * A handle of a libuv loop that is told when a context ends, without a
 * descriptor for each context.
 *
 *     static void on_end(struct belay_uv *handle, int err)
 *     {
 *         struct request *request = handle->data;
 *         uv_close((uv_handle_t *)&request->tcp, NULL);
 *         belay_uv_close(handle, free_request);
 *     }
 *
 *     int err = belay_uv_watch(loop, &request->end, ctx, on_end);
 *
 * Threads: these functions and the callbacks are on the loop's thread; the
 * context may be ended from anywhere.  A uv_poll_t on belay_clock_fd() lets
 * the loop drive the deadlines.  What uv_queue_work() runs asks belay_err().
 *
 * <uv.h> needs POSIX: with -std=c11, define _POSIX_C_SOURCE as 200809L first.
 */

#include <belay/belay.h>

#include <uv.h>

/* Yours to place, and to use `data`; the rest is the library's. */
struct belay_uv {
    void *data;
    uv_async_t async;
    struct belay_watch watch;
    const belay_ctx *ctx;
    void (*fn)(struct belay_uv *handle, int err);
    void (*closed)(struct belay_uv *handle);
};

/*
 * Arranges for fn(handle, belay_err(ctx)) to be called in the loop when ctx
 * ends: once, and never from inside this call, even if ctx has ended.
 *
 * The handle keeps ctx, and keeps the loop running, until it is closed, called
 * or not; uv_unref((uv_handle_t *)&handle->async) lets the loop go before.
 * `data` is left as it is.
 *
 * Returns 0, or a negative errno of libuv's: then there is nothing to close.
 */
BELAY_API BELAY_MUST_USE BELAY_NONNULL(1, 2, 4)
int belay_uv_watch(uv_loop_t *loop, struct belay_uv *handle,
                   const belay_ctx *ctx,
                   void (*fn)(struct belay_uv *handle, int err));

/*
 * Closes handle: fn is not called any more.  As uv_close(), once, also from
 * inside fn; the loop calls closed(handle) (may be NULL) when the memory is
 * yours again.
 */
BELAY_API BELAY_NONNULL(1)
void belay_uv_close(struct belay_uv *handle,
                    void (*closed)(struct belay_uv *handle));

#endif
