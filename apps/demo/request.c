/* SPDX-License-Identifier: MIT */
#include "request.h"

#include "query.h"
#include "reply.h"
#include "server.h"

#include <belay/peer.h>

#include <stdio.h>

/* A request, on the stack of the thread that handles it. */
struct request {
    struct server *server;
    struct MHD_Connection *connection;
    struct wish wish;
    struct lane *lane;
    belay_ctx *ctx;
};

/* On the thread that watches the connections. */
static void client_left(void *arg, int err)
{
    struct request *request = arg;
    (void)err;
    lane_client_left(request->lane);
    belay_cancel_cause(request->ctx, -EPIPE, "client left");
}

/*
 * The whole difference between ON and OFF is in the first line.  Not a child of
 * the client's context: the lane is to know that it left before the query does.
 */
static int run(struct request *request, struct answer *ret_answer)
{
    const belay_ctx *ctx = request->wish.with_context ? request->ctx : NULL;

    int fd = MHD_get_connection_info(request->connection,
                                     MHD_CONNECTION_INFO_CONNECTION_FD)
                 ->connect_fd;
    belay_ctx *client = belay_with_peer(NULL, fd, BELAY_FIN_ENDS);
    struct belay_watch watch = {.fn = NULL};
    if (!belay_watch(client, &watch, client_left, request))
        client_left(request, 0);
    int err = query_run(ctx, request->wish.work_ms, ret_answer);
    lane_query_stopped(request->lane, err);
    belay_unwatch(&watch);
    belay_end(client);
    return err;
}

/* Returns the status; 0: there is nobody to tell. */
static unsigned answer(struct request *request, int err,
                       const struct answer *answer, struct text *text)
{
    if (!lane_has_client(request->lane))
        return 0;
    if (err == 0) {
        text_add(text, "%lld pairs of purchases, %.2f apart on average\n",
                 (long long)answer->pairs, answer->gap);
        return 200;
    }
    if (err != belay_err(request->ctx)) {
        text_add(text, "no room for this query: %s\n", belay_strerror(err));
        return 503;
    }
    char cause[300];
    belay_explain(request->ctx, cause, sizeof cause);
    text_add(text, "%s\n", cause);
    return err == BELAY_DEADLINE_EXCEEDED ? 504 : 503;
}

static enum MHD_Result serve(struct request *request)
{
    char why[64];
    snprintf(why, sizeof why, "budget of %d ms spent", request->wish.budget_ms);
    request->ctx = belay_with_timeout_cause(
        request->server->ctx, request->wish.budget_ms * BELAY_MILLISECOND, 0,
        why);
    struct belay_watch watch;
    lane_follow(request->lane, request->ctx, &watch);

    char data[400];
    struct text text = {data, sizeof data, 0};
    struct answer found;
    int err = run(request, &found);
    unsigned status = answer(request, err, &found, &text);

    lane_close(request->lane, &watch, (int)status);
    belay_end(request->ctx);
    gate_leave(&request->server->gate, err == 0);
    if (status == 0)
        return MHD_NO;
    return reply_text(request->connection, status, "%s", data);
}

static enum MHD_Result complain(struct MHD_Connection *connection,
                                const struct text *complaint)
{
    return reply_text(connection, 400,
                      "%s\nAsk as in /query?budget=3000&work=5000&context=on\n",
                      complaint->data);
}

enum MHD_Result request_serve(struct server *server,
                              struct MHD_Connection *connection)
{
    char data[200];
    struct text complaint = {data, sizeof data, 0};
    struct request request = {.server = server, .connection = connection};
    if (!wish_read(connection, &request.wish, &complaint))
        return complain(connection, &complaint);
    if (!gate_enter(&server->gate))
        return reply_text(connection, 503, "server stopping\n");
    request.lane = lane_open(&server->lanes, &request.wish);
    if (request.lane == NULL) {
        gate_leave(&server->gate, false);
        return reply_text(connection, 503, "too many requests at a time\n");
    }
    return serve(&request);
}

enum MHD_Result request_serve_storm(struct server *server,
                                    struct MHD_Connection *connection)
{
    char data[200];
    struct text complaint = {data, sizeof data, 0};
    struct wish wish;
    if (!wish_read(connection, &wish, &complaint))
        return complain(connection, &complaint);
    if (!gate_enter(&server->gate))
        return reply_text(connection, 503, "server stopping\n");
    int err = storm_start(&server->storm, server->ctx, server->port, &wish);
    gate_leave(&server->gate, true);
    if (err == -EBUSY)
        return reply_text(connection, 409, "one storm at a time\n");
    if (err != 0)
        return reply_text(connection, 503, "%s\n", belay_strerror(err));
    return reply_text(connection, 202, "%d clients are coming\n",
                      STORM_CLIENTS);
}
