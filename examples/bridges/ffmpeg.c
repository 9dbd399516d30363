/*
 * FFmpeg opens a stream until a context ends: the bridge is one line.
 *
 * pkg-config: libavformat
 * pkg-config: libavutil
 *
 *     cc ffmpeg.c $(pkg-config --cflags --libs libavformat libavutil belay)
 *     ./a.out http://192.0.2.1/
 */
#include <belay/belay.h>

#include <libavformat/avformat.h>
#include <stdio.h>

/* Returns 0, belay_err(ctx), or an AVERROR.  *ret_input keeps ctx in use until
   it is closed: reading packets ends with it, too. */
static int open_input(const belay_ctx *ctx, const char *url,
                      AVFormatContext **ret_input)
{
    AVFormatContext *input = avformat_alloc_context();
    if (input == NULL)
        return AVERROR(ENOMEM);
    input->interrupt_callback = (AVIOInterruptCB){belay_stopped, (void *)ctx};

    int err = avformat_open_input(&input, url, NULL, NULL);
    if (err < 0)
        return belay_err(ctx) != 0 ? belay_err(ctx) : err;
    *ret_input = input;
    return 0;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "no-such-file";
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);

    AVFormatContext *input;
    int err = open_input(ctx, url, &input);
    if (err == 0) {
        printf("%s\n", input->iformat->long_name);
        avformat_close_input(&input);
    } else if (belay_err(ctx) != 0) {
        printf("gave up: %s\n", belay_strerror(err));
    } else {
        printf("failed: %s\n", av_err2str(err));
    }
    belay_end(ctx);
    return 0;
}
