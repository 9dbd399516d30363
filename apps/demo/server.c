/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "events.h"
#include "listen.h"
#include "reply.h"
#include "request.h"

#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 400, ROOM = 4 };

extern const unsigned char page_html[];
extern const size_t page_html_size;

static const belay_duration stopping_time = 3 * BELAY_SECOND;
static const belay_duration longest_silence = 20 * BELAY_SECOND;

/* --- Routes -------------------------------------------------------------- */

static enum MHD_Result show_page(const belay_ctx *ctx, struct server *server,
                                 struct MHD_Connection *connection)
{
    (void)ctx;
    (void)server;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        page_html_size, (void *)page_html, MHD_RESPMEM_PERSISTENT);
    return reply(connection, 200, "text/html; charset=utf-8", response);
}

static const struct route {
    const char *path;
    const char *method;
    enum MHD_Result (*serve)(const belay_ctx *ctx, struct server *server,
                             struct MHD_Connection *connection);
} routes[] = {
    {"/", "GET", show_page},
    {"/events", "GET", events_serve},
    {"/query", "GET", request_serve},
    {"/storm", "POST", request_serve_storm},
    {"/kill", "POST", request_serve_kill},
};

static enum MHD_Result serve(const belay_ctx *ctx, void *arg,
                             struct MHD_Connection *connection,
                             const char *path, const char *method,
                             const char *version, const char *data,
                             size_t *data_size, void **state)
{
    (void)version;
    (void)data;
    if (!reply_is_due(data_size, state))
        return MHD_YES;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; ++i) {
        const struct route *route = &routes[i];
        if (strcmp(path, route->path) != 0)
            continue;
        if (strcmp(method, route->method) == 0)
            return route->serve(ctx, arg, connection);
        return reply_wrong_method(connection, route->method);
    }
    return reply_text(connection, 404,
                      "There is /, /query, /events, /storm and /kill here.\n");
}

/* --- Starting and stopping ----------------------------------------------- */

static int start_http(struct server *server, int port)
{
    int fd = listen_near(&port);
    if (fd < 0)
        return fd;
    server->port = port;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, NULL},
        {MHD_OPTION_END, 0, NULL}};
    struct belay_mhd_settings settings = {.flags = SERVER_FLAGS,
                                          .options = options,
                                          .handler = serve,
                                          .arg = server,
                                          .fin = BELAY_FIN_ENDS,
                                          .silence = longest_silence};
    int err = belay_mhd_start(NULL, &settings, &server->http);
    if (err != 0)
        close(fd);
    return err;
}

int server_start(struct server *server, int port)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *server = (struct server){
        .room = BELAY_SEMAPHORE_INIT(processors < ROOM ? ROOM : processors),
        .log = server->log};
    lanes_start(&server->lanes);
    gate_open(&server->gate);
    server->running = belay_with_cancel(NULL);
    server->showing = belay_with_cancel(NULL);
    int err = tier_start(&server->tier, &server->lanes);
    if (err == 0) {
        err = start_http(server, port);
        if (err != 0)
            tier_stop(&server->tier);
    }
    if (err != 0) {
        belay_end(server->showing);
        belay_end(server->running);
        gate_remove(&server->gate);
        lanes_stop(&server->lanes);
    }
    return err;
}

/* A watch: with the last request, there is nothing more to show. */
static void show_no_more(void *arg, int err)
{
    (void)err;
    belay_cancel(arg);
}

static void tear_down(struct server *server)
{
    tier_stop(&server->tier);
    belay_unwatch(&server->last_request);
    belay_end(server->showing);
    belay_end(server->running);
    gate_remove(&server->gate);
    lanes_stop(&server->lanes);
}

struct farewell server_stop(const belay_ctx *grace, struct server *server)
{
    if (!belay_watch(server->gate.idle, &server->last_request, show_no_more,
                     server->showing))
        belay_cancel(server->showing);
    gate_close(&server->gate);
    belay_mhd_drain(grace, server->http);

    belay_cancel(server->running);
    storm_stop(&server->storm);
    storm_stop(&server->curl);
    belay_ctx *patience = belay_with_timeout(NULL, stopping_time);
    int err = belay_mhd_stop(patience, server->http);
    belay_end(patience);

    struct farewell farewell;
    farewell.left =
        gate_count(&server->gate, &farewell.finished, &farewell.canceled);
    if (err == 0)
        tear_down(server);
    return farewell;
}
