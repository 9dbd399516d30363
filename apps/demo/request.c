/* SPDX-License-Identifier: MIT */
#include "request.h"

#include "log.h"
#include "parts.h"
#include "reply.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

enum { GONE = 499 }; /* what a log calls a client that did not wait */

/* A request, on the stack of the thread that handles it. */
struct request {
    struct server *server;
    struct MHD_Connection *connection;
    struct wish wish;
    struct lane *lane;
    const belay_ctx *client; /* ends when it leaves, and with the server */
    belay_ctx *ctx;          /* a child, with the budget */
    struct job job;
};

static bool has_left(const belay_ctx *client)
{
    const struct belay_cause *cause = belay_cause(client);
    return cause != NULL &&
           (cause->code == -EPIPE || cause->code == -ECONNRESET ||
            cause->code == -ETIMEDOUT);
}

/* A watch: runs on the thread that watches the connections. */
static void client_ended(void *arg, int err)
{
    (void)err;
    struct request *request = arg;
    if (has_left(request->client))
        lane_client_left(request->lane, belay_cause(request->client)->when);
}

/* The whole difference between ON and OFF is in the first line. */
static int run(struct request *request)
{
    const belay_ctx *ctx = request->wish.with_context ? request->ctx : NULL;

    struct belay_watch watch = {0};
    bool is_told = belay_watch(request->client, &watch, client_ended, request);
    int err = parts_run(ctx, &request->job);
    if (!is_told || belay_unwatch(&watch))
        client_ended(request, err); /* the parts were quicker */
    return err;
}

/* Returns the status; 499: there is nobody to tell. */
static int answer(struct request *request, int err, struct text *text)
{
    if (has_left(request->client))
        return GONE;
    if (err == 0) {
        text_add(text, "%lld pairs of purchases, %.2f apart on average\n",
                 (long long)request->job.answer.pairs, request->job.answer.gap);
        return 200;
    }
    if (err != belay_err(request->ctx)) {
        text_add(text, "no room for this request: %s\n", belay_strerror(err));
        return 503;
    }
    char cause[300];
    belay_explain(request->ctx, cause, sizeof cause);
    text_add(text, "%s\n", cause);
    return err == BELAY_DEADLINE_EXCEEDED ? 504 : 503;
}

static const char *client_of(struct MHD_Connection *connection)
{
    const char *agent = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_USER_AGENT);
    static const char *const known[] = {"curl", "storm"};
    for (size_t i = 0; agent != NULL && i < 2; ++i) {
        if (strncmp(agent, known[i], strlen(known[i])) == 0)
            return known[i];
    }
    return "browser";
}

static enum MHD_Result serve(struct request *request)
{
    char why[64];
    snprintf(why, sizeof why, "budget of %d ms spent", request->wish.budget_ms);
    request->ctx = belay_with_timeout_cause(
        request->client, request->wish.budget_ms * BELAY_MILLISECOND, 0, why);
    struct belay_watch watch = {0};
    lane_follow(request->lane, request->ctx, &watch);

    char data[400];
    struct text text = {data, sizeof data, 0};
    int err = run(request);
    int status = answer(request, err, &text);

    lane_close(request->lane, &watch, status);
    log_request(request->server, request->lane->id);
    belay_end(request->ctx);
    gate_leave(&request->server->gate, err == 0);
    if (status == GONE)
        return MHD_NO;
    return reply_text(request->connection, (unsigned)status, "%s", data);
}

static enum MHD_Result complain(struct MHD_Connection *connection,
                                const struct text *complaint)
{
    return reply_text(connection, 400,
                      "%s\nAsk as in /query?budget=3000&work=5000&context=on\n",
                      complaint->data);
}

enum MHD_Result request_serve(const belay_ctx *ctx, struct server *server,
                              struct MHD_Connection *connection)
{
    char data[200];
    struct text complaint = {data, sizeof data, 0};
    struct request request = {
        .server = server, .connection = connection, .client = ctx};
    if (!wish_read(connection, &request.wish, &complaint))
        return complain(connection, &complaint);
    if (!gate_enter(&server->gate))
        return reply_text(connection, 503, "server stopping\n");
    request.lane =
        lane_open(&server->lanes, &request.wish, client_of(connection));
    if (request.lane == NULL) {
        gate_leave(&server->gate, false);
        return reply_text(connection, 503, "too many requests at a time\n");
    }
    request.job = (struct job){
        .lane = request.lane, .room = &server->room, .port = server->tier.port};
    return serve(&request);
}

static enum MHD_Result serve_weather(struct server *server,
                                     struct MHD_Connection *connection,
                                     enum weather weather, struct storm *storm,
                                     const char *forecast)
{
    char data[200];
    struct text complaint = {data, sizeof data, 0};
    struct wish wish;
    if (!wish_read(connection, &wish, &complaint))
        return complain(connection, &complaint);
    if (!gate_enter(&server->gate))
        return reply_text(connection, 503, "server stopping\n");
    int err = storm_start(storm, weather, server->running, server->port, &wish);
    gate_leave(&server->gate, true);
    if (err == -EBUSY)
        return reply_text(connection, 409, "One at a time.\n");
    if (err != 0)
        return reply_text(connection, 503, "%s\n", belay_strerror(err));
    return reply_text(connection, 202, "%s\n", forecast);
}

enum MHD_Result request_serve_storm(const belay_ctx *ctx, struct server *server,
                                    struct MHD_Connection *connection)
{
    (void)ctx;
    return serve_weather(server, connection, WEATHER_STORM, &server->storm,
                         "50 clients, who leave after 1.2 s.");
}

enum MHD_Result request_serve_kill(const belay_ctx *ctx, struct server *server,
                                   struct MHD_Connection *connection)
{
    (void)ctx;
    return serve_weather(server, connection, WEATHER_CURL, &server->curl,
                         "A curl, killed after 1.2 s.");
}
