/* SPDX-License-Identifier: MIT */

#include <belay/uv.h>

/* On the thread that ends the context: what libuv allows on any thread. */
static void wake(void *async, int err)
{
    (void)err;
    uv_async_send(async);
}

static void call(uv_async_t *async)
{
    struct belay_uv *handle = async->data;
    handle->fn(handle, belay_err(handle->ctx));
}

int belay_uv_watch(uv_loop_t *loop, struct belay_uv *handle,
                   const belay_ctx *ctx,
                   void (*fn)(struct belay_uv *handle, int err))
{
    int err = uv_async_init(loop, &handle->async, call);
    if (err != 0)
        return err;
    handle->async.data = handle;
    handle->watch = (struct belay_watch){0};
    handle->ctx = belay_ref(ctx);
    handle->fn = fn;
    if (!belay_watch(ctx, &handle->watch, wake, &handle->async))
        uv_async_send(&handle->async);
    return 0;
}

static void finish(uv_handle_t *async)
{
    struct belay_uv *handle = async->data;
    if (handle->closed != NULL)
        handle->closed(handle);
}

/* A wake() in progress, which is short, is waited for: it may not send to a
   handle that is closing. */
void belay_uv_close(struct belay_uv *handle,
                    void (*closed)(struct belay_uv *handle))
{
    belay_unwatch(&handle->watch);
    belay_unref(handle->ctx);
    handle->closed = closed;
    uv_close((uv_handle_t *)&handle->async, finish);
}
