/* SPDX-License-Identifier: MIT */
#include "events.h"

#include "reply.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

enum { LANES_SHOWN = 40, FRAME = 64 * 1024, BLOCK = 16 * 1024 };

static const belay_duration period = 100 * BELAY_MILLISECOND;

/* What one page is being sent. */
struct stream {
    struct server *server;
    struct lane lanes[LANES_SHOWN];
    char data[FRAME];
    struct text text;
    size_t sent;
};

static double ms_between(belay_time from, belay_time to)
{
    return (double)(to - from) / (double)BELAY_MILLISECOND;
}

/* Since the request began; null where it has not come. */
static void add_instant(struct text *text, const char *name,
                        const struct lane *lane, belay_time when)
{
    if (when == 0)
        text_add(text, ",\"%s\":null", name);
    else
        text_add(text, ",\"%s\":%.2f", name, ms_between(lane->began, when));
}

static void add_lane(struct text *text, const struct lane *lane, belay_time now)
{
    text_add(text, "{\"id\":%u,\"on\":%d,\"budget\":%d,\"age\":%.2f", lane->id,
             lane->wish.with_context, lane->wish.budget_ms,
             ms_between(lane->began, now));
    add_instant(text, "ended", lane, lane->ended);
    add_instant(text, "left", lane, lane->left);
    add_instant(text, "stopped", lane, lane->stopped);
    add_instant(text, "done", lane, lane->done);
    text_add(text, ",\"nobody\":%.4f,\"status\":%d,\"cause\":\"",
             (double)lane->cpu_nobody / (double)BELAY_SECOND, lane->status);
    text_add_json(text, lane->cause);
    text_add(text, "\"}");
}

static void add_tally(struct text *text, const char *name, struct tally tally)
{
    text_add(text, "\"%s\":{\"cpu\":%.4f,\"jobs\":%u},", name,
             (double)tally.cpu_nobody / (double)BELAY_SECOND, tally.jobs);
}

static void make_frame(struct stream *stream)
{
    struct lanes *lanes = &stream->server->lanes;
    struct text *text = &stream->text;
    int count = lanes_newest(lanes, stream->lanes, LANES_SHOWN);
    belay_time now = belay_now();

    text->length = 0;
    text_add(text, "data: {");
    add_tally(text, "on", lanes_tally(lanes, true));
    add_tally(text, "off", lanes_tally(lanes, false));
    text_add(text, "\"p50\":%.3f,\"p99\":%.3f,\"inside\":%d,\"open\":%d,",
             ms_between(0, lanes_latency(lanes, 50)),
             ms_between(0, lanes_latency(lanes, 99)),
             gate_count(&stream->server->gate, NULL, NULL),
             gate_is_open(&stream->server->gate));
    text_add(text, "\"lanes\":[");
    for (int i = 0; i < count; ++i) {
        text_add(text, "%s", i > 0 ? "," : "");
        add_lane(text, &stream->lanes[i], now);
    }
    text_add(text, "]}\n\n");
    stream->sent = 0;
}

/* May wait: the connection has this thread to itself. */
static ssize_t read_stream(void *arg, uint64_t position, char *data,
                           size_t size)
{
    struct stream *stream = arg;
    if (stream->sent == stream->text.length) {
        if (position != 0 && belay_sleep(stream->server->showing, period) != 0)
            return MHD_CONTENT_READER_END_OF_STREAM;
        make_frame(stream);
    }
    size_t rest = stream->text.length - stream->sent;
    size_t count = rest < size ? rest : size;
    memcpy(data, stream->data + stream->sent, count);
    stream->sent += count;
    return (ssize_t)count;
}

enum MHD_Result events_serve(struct server *server,
                             struct MHD_Connection *connection)
{
    struct stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return MHD_NO;
    stream->server = server;
    stream->text = (struct text){stream->data, sizeof stream->data, 0};
    stream->sent = 0;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream, free);
    if (response == NULL)
        free(stream);
    return reply(connection, 200, "text/event-stream", response);
}
