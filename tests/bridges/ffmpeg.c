/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: libavformat
 * pkg-config: libavutil
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/ffmpeg.c"
#undef main
#include "../../examples/bridges/silent.h"

static int open_silent(const belay_ctx *ctx)
{
    int port = 0;
    int server = listen_silently(&port);
    CHECK(server >= 0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    AVFormatContext *input;
    int err = open_input(ctx, url, &input);
    close(server);
    return err;
}

TEST(an_end_interrupts_the_wait_for_a_server)
{
    belay_ctx *ctx = soon();

    int err = open_silent(ctx);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(
        &(struct row){
            "FFmpeg (libavformat)", AV_STRINGIFY(LIBAVFORMAT_VERSION), "asks",
            "`interrupt_callback` is `belay_stopped`; asked every 100 ms of a "
            "wait on the network",
            "a name that is looked up; a decoder at work",
            "`belay_resolve()` first; `belay_err()` between packets"},
        within);
    belay_end(ctx);
}

TEST(an_ended_context_opens_nothing)
{
    belay_ctx *ctx = already();
    CHECK(open_silent(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(what_fails_of_itself_says_why)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    AVFormatContext *input;
    CHECK(open_input(ctx, "/no/such/file", &input) == AVERROR(ENOENT));
    belay_end(ctx);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_the_wait_for_a_server),
        cmocka_unit_test(an_ended_context_opens_nothing),
        cmocka_unit_test(what_fails_of_itself_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
