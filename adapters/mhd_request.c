/* SPDX-License-Identifier: MIT */
#include "mhd.h"

#include <string.h>
#include <sys/socket.h>

/* --- Begin and end -------------------------------------------------------- */

static const belay_ctx *context_of(const struct request *request)
{
    return request->derived != NULL ? request->derived : request->ctx;
}

/* False: the server lets nobody in. */
static bool enter(struct connection *connection)
{
    struct belay_mhd *server = connection->server;
    pthread_mutex_lock(&server->lock);
    bool is_open = !server->is_draining;
    server->inside += is_open;
    connection->request.is_inside = is_open;
    pthread_mutex_unlock(&server->lock);
    return is_open;
}

/* A server that is draining has no use for the connection after the reply. */
static void leave(struct connection *connection)
{
    struct belay_mhd *server = connection->server;
    pthread_mutex_lock(&server->lock);
    server->inside -= connection->request.is_inside;
    connection->request.is_inside = false;
    if (server->is_draining && !connection->is_upgraded)
        shutdown(connection->socket, SHUT_RD);
    pthread_mutex_unlock(&server->lock);
}

static void begin(struct connection *connection)
{
    struct request *request = &connection->request;
    const struct belay_mhd_settings *settings = &connection->server->settings;
    request->ctx = belay_with_cancel(connection->ctx);
    if (settings->derive != NULL)
        request->derived =
            settings->derive(request->ctx, settings->arg, connection->mhd);
}

static void end(struct request *request, int code, const char *text)
{
    if (request->ctx == NULL)
        return;
    belay_cancel_cause(request->ctx, code, "%s", text);
    belay_end(request->derived);
    belay_end(request->ctx);
    request->derived = NULL;
    request->ctx = NULL;
}

/* --- Refusing ------------------------------------------------------------- */

static enum MHD_Result reply(struct MHD_Connection *mhd, unsigned status)
{
    static char text[] = "not now\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "text/plain");
    enum MHD_Result result = MHD_queue_response(mhd, status, response);
    MHD_destroy_response(response);
    return result;
}

static bool has_gone(int code)
{
    return code == -EPIPE || code == -ECONNRESET || code == -ETIMEDOUT;
}

/* Answers for the handler, if there is anybody to answer. */
static enum MHD_Result refuse(struct MHD_Connection *mhd, const belay_ctx *ctx)
{
    if (has_gone(belay_cause(ctx)->code))
        return MHD_NO;
    bool is_late = belay_err(ctx) == BELAY_DEADLINE_EXCEEDED;
    return reply(mhd, is_late ? MHD_HTTP_GATEWAY_TIMEOUT
                              : MHD_HTTP_SERVICE_UNAVAILABLE);
}

/* --- Between the calls of a handler --------------------------------------- */

/* Of the body; a reply can still be sent. */
static void receive_no_more(void *arg, int err)
{
    const struct connection *connection = arg;
    (void)err;
    shutdown(connection->socket, SHUT_RD);
}

/* A client that is slow with its body, or has forgotten it, holds up nobody
   when the time of its request is over. */
static void await_body(struct connection *connection)
{
    struct request *request = &connection->request;
    if (!belay_watch(context_of(request), &request->watch, receive_no_more,
                     connection))
        receive_no_more(connection, 0);
}

static bool is_suspended(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd,
                                   MHD_CONNECTION_INFO_CONNECTION_SUSPENDED)
               ->suspended != MHD_NO;
}

/* MHD tells of an upgrade by the status alone. */
static void finish(struct connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info != NULL && info->http_status == MHD_HTTP_SWITCHING_PROTOCOLS) {
        pthread_mutex_lock(&connection->server->lock);
        connection->is_upgraded = true;
        pthread_mutex_unlock(&connection->server->lock);
    }
    end(&connection->request, BELAY_CANCELED, "handler returned");
}

/* --- What MHD calls ------------------------------------------------------- */

enum MHD_Result belay__mhd_serve(void *arg, struct MHD_Connection *mhd,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *data_size, void **state)
{
    struct belay_mhd *server = arg;
    struct connection *connection = belay__mhd_find(mhd);
    if (connection == NULL)
        return MHD_NO;
    struct request *request = &connection->request;
    bool is_head = *state == NULL;
    if (is_head) {
        *state = request;
        if (!enter(connection))
            return reply(mhd, MHD_HTTP_SERVICE_UNAVAILABLE);
        begin(connection);
        if (belay_err(context_of(request)) != 0)
            return refuse(mhd, context_of(request));
    }
    belay_unwatch(&request->watch);
    bool is_last = !is_head && *data_size == 0;
    enum MHD_Result result = server->settings.handler(
        context_of(request), server->settings.arg, mhd, url, method, version,
        data, data_size, &request->state);
    if (result == MHD_YES && is_suspended(mhd))
        return result;
    if (result == MHD_YES && !is_last)
        await_body(connection);
    else
        finish(connection);
    return result;
}

/* Of a request that its handler has not seen to the end. */
static const struct ending {
    int code;
    const char *text;
} endings[] = {
    [MHD_REQUEST_TERMINATED_COMPLETED_OK] = {BELAY_CANCELED,
                                             "handler returned"},
    [MHD_REQUEST_TERMINATED_WITH_ERROR] = {-EIO, "connection failed"},
    [MHD_REQUEST_TERMINATED_TIMEOUT_REACHED] = {-ETIMEDOUT,
                                                "client took too long"},
    [MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN] = {-ESHUTDOWN, "server stopping"},
    [MHD_REQUEST_TERMINATED_READ_ERROR] = {-ECONNRESET, "read error"},
    [MHD_REQUEST_TERMINATED_CLIENT_ABORT] = {-EPIPE,
                                             "peer closed the connection"},
};

static const struct ending *ending_for(enum MHD_RequestTerminationCode how)
{
    bool is_known = (size_t)how < sizeof endings / sizeof *endings;
    return &endings[is_known ? how : MHD_REQUEST_TERMINATED_WITH_ERROR];
}

void belay__mhd_completed(void *arg, struct MHD_Connection *mhd, void **state,
                          enum MHD_RequestTerminationCode how)
{
    const struct belay_mhd_settings *settings =
        &((struct belay_mhd *)arg)->settings;
    struct request *request = *state;
    if (request == NULL)
        return; /* nothing has begun */
    struct connection *connection = belay__mhd_find(mhd);
    belay_unwatch(&request->watch);
    end(request, ending_for(how)->code, ending_for(how)->text);
    if (settings->completed != NULL)
        settings->completed(settings->arg, mhd, &request->state, how);
    request->state = NULL;
    leave(connection);
    *state = NULL;
}
