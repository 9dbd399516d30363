/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include <belay/glib.h>

TEST(an_end_cancels_a_wait_for_a_client)
{
    GSocketListener *listener = g_socket_listener_new();
    CHECK(g_socket_listener_add_any_inet_port(listener, NULL, NULL) != 0);
    belay_ctx *ctx = soon();
    GCancellable *cancellable = belay_glib_cancellable(ctx);

    GSocketConnection *client =
        g_socket_listener_accept(listener, NULL, cancellable, NULL);
    belay_duration within = since_end(ctx);

    CHECK(client == NULL);
    char version[32];
    snprintf(version, sizeof version, "%u.%u.%u", glib_major_version,
             glib_minor_version, glib_micro_version);
    print_row(&(struct row){"GLib (GIO)", version, "both ways",
                            "`belay_glib_cancellable()`: a watch cancels it; "
                            "`belay_with_cancellable()`: its signal cancels "
                            "the context",
                            "what takes no `GCancellable`, or is on a disk",
                            "a thread of its own: `belay_group_go()`"},
              within);
    g_object_unref(cancellable);
    belay_end(ctx);
    g_object_unref(listener);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_cancels_a_wait_for_a_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
