/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include <belay/uv.h>

static void close_handle(struct belay_uv *handle, int err)
{
    *(int *)handle->data = err;
    belay_uv_close(handle, NULL);
}

TEST(an_end_is_told_in_the_loop)
{
    uv_loop_t loop;
    CHECK(uv_loop_init(&loop) == 0);
    belay_ctx *ctx = soon();
    int err = 0;
    struct belay_uv handle = {.data = &err};
    CHECK(belay_uv_watch(&loop, &handle, ctx, close_handle) == 0);

    uv_run(&loop, UV_RUN_DEFAULT);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"libuv", uv_version_string(), "is told",
                            "`belay_uv_watch()`: a watch calls "
                            "`uv_async_send()`",
                            "what `uv_queue_work()` runs; a callback that "
                            "does not return",
                            "`belay_err()` in it"},
              within);
    belay_end(ctx);
    CHECK(uv_loop_close(&loop) == 0);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_told_in_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
