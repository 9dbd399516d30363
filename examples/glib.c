/*
 * GIO waits for a client that never comes, until a deadline; and a context ends
 * because somebody pressed a button of GIO's.
 *
 *     cc glib.c $(pkg-config --cflags --libs belay-glib) && ./a.out
 */
#include <belay/glib.h>

#include <stdio.h>

static int serve(const belay_ctx *ctx)
{
    g_autoptr(GCancellable) cancellable = belay_glib_cancellable(ctx);
    g_autoptr(GSocketListener) listener = g_socket_listener_new();
    g_autoptr(GError) error = NULL;
    if (g_socket_listener_add_any_inet_port(listener, NULL, &error) == 0)
        return -EADDRINUSE;

    g_autoptr(GSocketConnection) client =
        g_socket_listener_accept(listener, NULL, cancellable, &error);
    if (client != NULL)
        return 0;
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
               ? belay_err(ctx)
               : -EIO;
}

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    printf("server: %s\n", belay_strerror(serve(ctx)));
    belay_end(ctx);

    g_autoptr(GCancellable) button = g_cancellable_new();
    ctx = belay_with_cancellable(NULL, button);
    g_cancellable_cancel(button);
    printf("button: %s\n", belay_cause(ctx)->text);
    belay_end(ctx);
    return 0;
}
