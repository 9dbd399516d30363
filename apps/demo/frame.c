/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include "pg.h"
#include "server.h"

static double ms_between(belay_time from, belay_time to)
{
    return (double)(to - from) / (double)BELAY_MILLISECOND;
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)BELAY_SECOND;
}

/* Since the request began; nothing where it has not come. */
static void add_instant(struct text *text, const char *name,
                        const struct lane *lane, belay_time when)
{
    if (when != 0)
        text_add(text, ",\"%s\":%.2f", name, ms_between(lane->began, when));
}

static void add_part(struct text *text, const struct lane *lane,
                     const struct part *part)
{
    text_add(text, "{\"err\":%d", part->err);
    add_instant(text, "began", lane, part->began);
    add_instant(text, "told", lane, part->told);
    add_instant(text, "stopped", lane, part->stopped);
    if (part->given != 0)
        text_add(text, ",\"given\":%.1f", ms_between(0, part->given));
    text_add(text, ",\"cpu\":%.4f,\"nobody\":%.4f}", seconds(part->cpu),
             seconds(part->cpu_nobody));
}

static void add_lane(struct text *text, const struct lane *lane, belay_time now)
{
    text_add(text, "{\"id\":%u,\"client\":\"%s\",\"on\":%d,\"budget\":%d",
             lane->id, lane->client, lane->wish.with_context,
             lane->wish.budget_ms);
    text_add(text, ",\"age\":%.2f", ms_between(lane->began, now));
    if (lane->remaining != BELAY_FOREVER)
        text_add(text, ",\"rest\":%.1f", ms_between(0, lane->remaining));
    add_instant(text, "ended", lane, lane->ended);
    add_instant(text, "left", lane, lane->left);
    add_instant(text, "done", lane, lane->done);
    text_add(text, ",\"status\":%d,\"code\":%d,\"cause\":\"", lane->status,
             lane->code);
    text_add_json(text, lane->cause);
    text_add(text, "\",\"parts\":[");
    for (int i = 0; i < PARTS; ++i) {
        text_add(text, "%s", i > 0 ? "," : "");
        add_part(text, lane, &lane->part[i]);
    }
    text_add(text, "]}");
}

static void add_tally(struct text *text, const char *name, struct tally tally)
{
    text_add(text, "\"%s\":{\"cpu\":%.4f,\"clients\":%u,\"jobs\":%u},", name,
             seconds(tally.cpu_nobody), tally.clients, tally.jobs);
}

void frame_write(struct server *server, struct lane *lanes, struct text *text)
{
    int count = lanes_newest(&server->lanes, lanes, LANES_SHOWN);
    belay_time now = belay_now();

    text_add(text, "{");
    add_tally(text, "on", lanes_tally(&server->lanes, true));
    add_tally(text, "off", lanes_tally(&server->lanes, false));
    text_add(text,
             "\"database\":\"%s\",\"p50\":%.3f,\"p99\":%.3f,\"inside\":%d,"
             "\"open\":%d,",
             pg_is_open() ? "postgres" : "sqlite",
             ms_between(0, lanes_latency(&server->lanes, 50)),
             ms_between(0, lanes_latency(&server->lanes, 99)),
             gate_count(&server->gate, NULL, NULL),
             gate_is_open(&server->gate));
    text_add(text, "\"lanes\":[");
    for (int i = 0; i < count; ++i) {
        text_add(text, "%s", i > 0 ? "," : "");
        add_lane(text, &lanes[i], now);
    }
    text_add(text, "]}");
}
