/* SPDX-License-Identifier: MIT */
#include "events.h"

#include "frame.h"
#include "reply.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME = 128 * 1024, BLOCK = 32 * 1024 };

static const belay_duration period = 50 * BELAY_MILLISECOND;

/* What one page is being sent. */
struct stream {
    struct server *server;
    struct lane lanes[LANES_SHOWN];
    char data[FRAME];
    struct text text;
    size_t sent;
    bool is_last;
};

static void make_frame(struct stream *stream)
{
    stream->text.length = 0;
    text_add(&stream->text, "data: ");
    frame_write(stream->server, stream->lanes, &stream->text);
    text_add(&stream->text, "\n\n");
    stream->sent = 0;
}

/* May wait: the connection has this thread to itself. */
static ssize_t read_stream(void *arg, uint64_t position, char *data,
                           size_t size)
{
    struct stream *stream = arg;
    if (stream->sent == stream->text.length) {
        if (stream->is_last)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (position != 0)
            stream->is_last = belay_sleep(stream->server->showing, period) != 0;
        make_frame(stream);
    }
    size_t rest = stream->text.length - stream->sent;
    size_t count = rest < size ? rest : size;
    memcpy(data, stream->data + stream->sent, count);
    stream->sent += count;
    return (ssize_t)count;
}

enum MHD_Result events_serve(const belay_ctx *ctx, struct server *server,
                             struct MHD_Connection *connection)
{
    (void)ctx;
    struct stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return MHD_NO;
    stream->server = server;
    stream->text = (struct text){stream->data, sizeof stream->data, 0};
    stream->sent = 0;
    stream->is_last = false;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream, free);
    if (response == NULL)
        free(stream);
    return reply(connection, 200, "text/event-stream", response);
}
