/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "events.h"
#include "listen.h"
#include "reply.h"
#include "request.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 400 };

extern const unsigned char page_html[];
extern const size_t page_html_size;

static const belay_duration stopping_time = 3 * BELAY_SECOND;

/* --- Routes -------------------------------------------------------------- */

static enum MHD_Result show_page(struct server *server,
                                 struct MHD_Connection *connection)
{
    (void)server;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        page_html_size, (void *)page_html, MHD_RESPMEM_PERSISTENT);
    return reply(connection, 200, "text/html; charset=utf-8", response);
}

static const struct route {
    const char *path;
    const char *method;
    enum MHD_Result (*serve)(struct server *, struct MHD_Connection *);
} routes[] = {
    {"/", "GET", show_page},
    {"/events", "GET", events_serve},
    {"/query", "GET", request_serve},
    {"/storm", "POST", request_serve_storm},
};

static enum MHD_Result serve_route(struct server *server,
                                   struct MHD_Connection *connection,
                                   const char *path, const char *method)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; ++i) {
        const struct route *route = &routes[i];
        if (strcmp(path, route->path) != 0)
            continue;
        if (strcmp(method, route->method) == 0)
            return route->serve(server, connection);
        return reply_wrong_method(connection, route->method);
    }
    return reply_text(connection, 404,
                      "There is /, /query, /events and /storm here.\n");
}

/* The first call is about the head of a request, the last one about all. */
static enum MHD_Result serve(void *arg, struct MHD_Connection *connection,
                             const char *path, const char *method,
                             const char *version, const char *data,
                             size_t *data_size, void **state)
{
    (void)version;
    (void)data;
    static char has_begun;
    if (*state == NULL) {
        *state = &has_begun;
        return MHD_YES;
    }
    if (*data_size != 0) {
        *data_size = 0; /* nothing here has a use for a body */
        return MHD_YES;
    }
    return serve_route(arg, connection, path, method);
}

/* --- Starting and stopping ----------------------------------------------- */

static int start_daemon(struct server *server, int port)
{
    int fd = listen_near(&port);
    if (fd < 0)
        return fd;
    server->port = port;
    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
            MHD_USE_POLL | MHD_USE_ITC,
        0, NULL, NULL, serve, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_END);
    if (server->daemon == NULL)
        close(fd);
    return server->daemon != NULL ? 0 : -EAGAIN;
}

int server_start(struct server *server, int port)
{
    *server = (struct server){.port = port};
    lanes_start(&server->lanes);
    gate_open(&server->gate);
    server->ctx = belay_with_cancel(NULL);
    server->showing = belay_with_cancel(NULL);
    int err = start_daemon(server, port);
    if (err != 0) {
        belay_end(server->showing);
        belay_end(server->ctx);
        gate_remove(&server->gate);
    }
    return err;
}

static void wait_until_idle(struct server *server, belay_duration most,
                            int hurry)
{
    struct pollfd again = {.fd = hurry, .events = POLLIN};
    belay_poll(server->gate.idle, &again, 1, most);
}

static void tear_down(struct server *server)
{
    belay_sleep(NULL, 150 * BELAY_MILLISECOND); /* the pages' last picture */
    belay_cancel(server->showing);
    MHD_stop_daemon(server->daemon);
    belay_end(server->showing);
    belay_end(server->ctx);
    gate_remove(&server->gate);
    pthread_mutex_destroy(&server->lanes.lock);
}

struct farewell server_stop(struct server *server, belay_duration grace,
                            int hurry)
{
    int listener = MHD_quiesce_daemon(server->daemon);
    if (listener >= 0)
        close(listener);
    gate_close(&server->gate);
    wait_until_idle(server, grace, hurry);
    belay_cancel_cause(server->ctx, -ESHUTDOWN, "server stopping");
    storm_stop(&server->storm);
    wait_until_idle(server, stopping_time, -1);

    struct farewell farewell;
    farewell.left =
        gate_count(&server->gate, &farewell.finished, &farewell.canceled);
    if (farewell.left == 0)
        tear_down(server);
    return farewell;
}
