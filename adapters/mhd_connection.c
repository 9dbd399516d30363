/* SPDX-License-Identifier: MIT */
#include "mhd.h"

#include <stdlib.h>
#include <sys/socket.h>

/* A connection: its context, its values, and pausing it. */

const struct belay_key belay_mhd_server_key = {"server", NULL};
const struct belay_key belay_mhd_connection_key = {"connection", NULL};
const struct belay_key belay_mhd_address_key = {"address", free};

/* The context may outlive the connection, and so has a copy of its own. */
static struct sockaddr_storage *local_address(int socket)
{
    struct sockaddr_storage *address = calloc(1, sizeof *address);
    socklen_t size = sizeof *address;
    if (address != NULL)
        getsockname(socket, (struct sockaddr *)address, &size);
    return address;
}

static void put_in(struct connection *connection)
{
    struct belay_mhd *server = connection->server;
    pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    connection->link = &server->connections;
    if (connection->next != NULL)
        connection->next->link = &connection->next;
    server->connections = connection;
    if (server->is_draining) /* it was accepted just before */
        shutdown(connection->socket, SHUT_RD);
    pthread_mutex_unlock(&server->lock);
}

static void take_out(struct connection *connection)
{
    struct belay_mhd *server = connection->server;
    pthread_mutex_lock(&server->lock);
    *connection->link = connection->next;
    if (connection->next != NULL)
        connection->next->link = connection->link;
    bool is_idle = server->is_draining && server->connections == NULL;
    pthread_mutex_unlock(&server->lock);
    if (is_idle)
        belay_cancel(server->idle);
}

static struct connection *start(struct belay_mhd *server,
                                struct MHD_Connection *mhd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    int socket = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)
                     ->connect_fd;
    if (server->settings.silence != 0)
        belay_peer_must_answer(socket, server->settings.silence);
    connection->server = server;
    connection->mhd = mhd;
    connection->socket = socket;
    connection->valued =
        belay_with_value(server->valued, &belay_mhd_connection_key, mhd);
    connection->addressed = belay_with_value(
        connection->valued, &belay_mhd_address_key, local_address(socket));
    connection->ctx =
        belay_with_peer(connection->addressed, socket, server->settings.fin);
    put_in(connection);
    return connection;
}

/* MHD closes the socket after this. */
static void finish(struct connection *connection)
{
    belay_end(connection->ctx);
    belay_end(connection->addressed);
    belay_end(connection->valued);
    take_out(connection);
    free(connection);
}

void belay__mhd_notify(void *arg, struct MHD_Connection *mhd, void **place,
                       enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *place = start(arg, mhd);
    } else if (*place != NULL) {
        finish(*place);
        *place = NULL;
    }
}

struct connection *belay__mhd_find(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

const belay_ctx *belay_mhd_connection(struct MHD_Connection *connection)
{
    return belay__mhd_find(connection)->ctx;
}

/* --- Suspending ----------------------------------------------------------- */

static void resume(void *arg, int err)
{
    struct connection *connection = arg;
    (void)err;
    belay_mhd_resume(connection->mhd);
}

int belay_mhd_suspend(const belay_ctx *ctx, struct MHD_Connection *mhd)
{
    struct connection *connection = belay__mhd_find(mhd);
    struct belay_mhd *server = connection->server;
    if ((server->settings.flags & MHD_USE_THREAD_PER_CONNECTION) != 0)
        return -ENOTSUP;
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    pthread_mutex_lock(&server->lock);
    connection->request.is_suspended = true;
    MHD_suspend_connection(mhd);
    pthread_mutex_unlock(&server->lock);
    if (!belay_watch(ctx, &connection->request.watch, resume, connection))
        belay_mhd_resume(mhd);
    return 0;
}

/* Under the lock, MHD being told: nobody ends the request before it is free. */
bool belay_mhd_resume(struct MHD_Connection *mhd)
{
    struct connection *connection = belay__mhd_find(mhd);
    struct belay_mhd *server = connection->server;
    pthread_mutex_lock(&server->lock);
    bool was_suspended = connection->request.is_suspended;
    connection->request.is_suspended = false;
    if (was_suspended)
        MHD_resume_connection(mhd);
    pthread_mutex_unlock(&server->lock);
    return was_suspended;
}
