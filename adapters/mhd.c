/* SPDX-License-Identifier: MIT */
#include "mhd.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server: starting, and stopping in two phases. */

/* --- Starting ------------------------------------------------------------- */

/* What the adapter stands on, and whoever sets it would take away. */
static bool is_ours(enum MHD_OPTION option)
{
    return option == MHD_OPTION_NOTIFY_COMPLETED ||
           option == MHD_OPTION_NOTIFY_CONNECTION ||
           option == MHD_OPTION_URI_LOG_CALLBACK;
}

static bool are_fine(const struct MHD_OptionItem *options)
{
    for (; options->option != MHD_OPTION_END; ++options) {
        if (is_ours(options->option))
            return false;
        if (options->option == MHD_OPTION_ARRAY &&
            !are_fine(options->ptr_value))
            return false;
    }
    return true;
}

static bool is_in_range(belay_duration silence)
{
    return silence == 0 || belay_peer_must_answer(-1, silence) != -EINVAL;
}

static const struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};

static int start_daemon(struct belay_mhd *server)
{
    const struct belay_mhd_settings *settings = &server->settings;
    int saved = errno;
    errno = 0;
    server->daemon = MHD_start_daemon(
        settings->flags | MHD_ALLOW_SUSPEND_RESUME, settings->port, NULL, NULL,
        belay__mhd_serve, server, MHD_OPTION_ARRAY, settings->options,
        MHD_OPTION_NOTIFY_COMPLETED, belay__mhd_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, belay__mhd_notify, server,
        MHD_OPTION_END);
    int err = errno != 0 ? -errno : -EAGAIN;
    errno = saved;
    return server->daemon != NULL ? 0 : err;
}

static void destroy(struct belay_mhd *server)
{
    belay_end(server->idle);
    belay_end(server->valued);
    belay_end(server->ctx);
    if (server->listener >= 0)
        close(server->listener);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int belay_mhd_start(const belay_ctx *parent,
                    const struct belay_mhd_settings *settings,
                    struct belay_mhd **ret_server)
{
    const struct MHD_OptionItem *options =
        settings->options != NULL ? settings->options : no_options;
    if (settings->handler == NULL || !are_fine(options) ||
        !is_in_range(settings->silence) ||
        (settings->flags & MHD_USE_INTERNAL_POLLING_THREAD) == 0)
        return -EINVAL;
    struct belay_mhd *server = calloc(1, sizeof *server);
    if (server == NULL)
        return -ENOMEM;
    server->settings = *settings;
    server->settings.options = options;
    server->listener = -1;
    pthread_mutex_init(&server->lock, NULL);
    server->ctx = belay_with_cancel(parent);
    server->valued =
        belay_with_value(server->ctx, &belay_mhd_server_key, server);
    server->idle = belay_with_cancel(NULL);
    int err = belay_err(server->idle);
    if (err == 0)
        err = start_daemon(server);
    if (err != 0)
        destroy(server);
    else
        *ret_server = server;
    return err;
}

/* --- Stopping ------------------------------------------------------------- */

/* MHD's threads may still be using the socket: it is closed after them. */
static void stop_listening(struct belay_mhd *server)
{
    server->listener = MHD_quiesce_daemon(server->daemon);
    if (server->listener >= 0)
        shutdown(server->listener, SHUT_RDWR);
}

/* Has MHD close the connections in which no request is.  True: none is left. */
static bool shut_idle(struct belay_mhd *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct connection *connection = server->connections;
         connection != NULL; connection = connection->next)
        if (!connection->request.is_inside && !connection->is_upgraded)
            shutdown(connection->socket, SHUT_RD);
    bool is_idle = server->connections == NULL;
    pthread_mutex_unlock(&server->lock);
    return is_idle;
}

static void shut_all(struct belay_mhd *server)
{
    pthread_mutex_lock(&server->lock);
    for (struct connection *connection = server->connections;
         connection != NULL; connection = connection->next)
        shutdown(connection->socket, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
}

static void let_nobody_in(struct belay_mhd *server)
{
    pthread_mutex_lock(&server->lock);
    bool is_first = !server->is_draining;
    server->is_draining = true;
    pthread_mutex_unlock(&server->lock);
    if (!is_first)
        return;
    stop_listening(server);
    if (shut_idle(server))
        belay_cancel(server->idle);
}

static void end_wait(void *arg, int err)
{
    (void)err;
    belay_cancel(arg);
}

/* Waits until nobody is connected: 0, or belay_err(ctx) if that ends first. */
static int wait_until_idle(const belay_ctx *ctx, struct belay_mhd *server)
{
    belay_ctx *wait = belay_with_cancel(ctx);
    struct belay_watch watch;
    int err = 0;
    if (belay_watch(server->idle, &watch, end_wait, wait)) {
        err = belay_wait(wait);
        if (!belay_unwatch(&watch))
            err = 0;
    }
    belay_end(wait);
    return err;
}

int belay_mhd_drain(const belay_ctx *ctx, struct belay_mhd *server)
{
    let_nobody_in(server);
    return wait_until_idle(ctx, server);
}

/* Clients who do not read their replies cannot hold up anybody any more. */
static int cut(struct belay_mhd *server)
{
    shut_all(server);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_SECOND);
    int err = wait_until_idle(ctx, server);
    belay_end(ctx);
    return err;
}

int belay_mhd_stop(const belay_ctx *ctx, struct belay_mhd *server)
{
    let_nobody_in(server);
    belay_cancel_cause(server->ctx, -ESHUTDOWN, "server stopping");
    int err = wait_until_idle(ctx, server);
    if (err != 0 && cut(server) != 0)
        return err;
    MHD_stop_daemon(server->daemon);
    destroy(server);
    return 0;
}

/* --- Asking --------------------------------------------------------------- */

int belay_mhd_inside(struct belay_mhd *server)
{
    pthread_mutex_lock(&server->lock);
    int inside = server->inside;
    pthread_mutex_unlock(&server->lock);
    return inside;
}

struct MHD_Daemon *belay_mhd_daemon(const struct belay_mhd *server)
{
    return server->daemon;
}
