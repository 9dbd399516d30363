/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <belay/mhd.h>

/* Connections that are taken over from HTTP: rule HS10 of Go's server, where a
   client that leaves one is not noticed. */

struct takeover {
    struct stage stage;
    struct MHD_UpgradeResponseHandle *handle;
};

static void take_over(void *arg, struct MHD_Connection *connection, void *state,
                      const char *extra, size_t extra_size, MHD_socket socket,
                      struct MHD_UpgradeResponseHandle *handle)
{
    (void)state;
    (void)extra;
    (void)extra_size;
    (void)socket;
    struct takeover *takeover = arg;
    takeover->handle = handle;
    takeover->stage.seen[1] = belay_ref(belay_mhd_connection(connection));
    sem_post(&takeover->stage.entered);
}

static enum MHD_Result upgrade(const belay_ctx *ctx, void *arg,
                               struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *data,
                               size_t *data_size, void **state)
{
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    (void)data_size;
    struct takeover *takeover = arg;
    if (*state == NULL) {
        *state = takeover;
        return MHD_YES;
    }
    takeover->stage.seen[0] = belay_ref(ctx);
    struct MHD_Response *response =
        MHD_create_response_for_upgrade(take_over, takeover);
    MHD_add_response_header(response, MHD_HTTP_HEADER_UPGRADE, "talk");
    enum MHD_Result result =
        MHD_queue_response(connection, MHD_HTTP_SWITCHING_PROTOCOLS, response);
    MHD_destroy_response(response);
    return result;
}

static int start_takeover(struct takeover *takeover, struct belay_mhd **server)
{
    set_stage(&takeover->stage);
    const struct belay_mhd_settings settings = {.flags = A_THREAD_EACH |
                                                         MHD_ALLOW_UPGRADE,
                                                .handler = upgrade,
                                                .arg = takeover};
    *server = start_server(NULL, &settings);
    int client = dial(*server);
    say(client, "GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n"
                "Upgrade: talk\r\n\r\n");
    await(&takeover->stage.entered);
    return client;
}

static void finish_takeover(struct takeover *takeover)
{
    belay_unref(takeover->stage.seen[0]);
    belay_unref(takeover->stage.seen[1]);
    MHD_upgrade_action(takeover->handle, MHD_UPGRADE_ACTION_CLOSE);
}

/* HS10, HT14: better than Go */
TEST(the_context_of_the_connection_goes_on_and_its_client_is_watched)
{
    struct takeover takeover;
    struct belay_mhd *server;
    int client = start_takeover(&takeover, &server);
    CHECK(belay_err(takeover.stage.seen[0]) == BELAY_CANCELED);
    CHECK(belay_err(takeover.stage.seen[1]) == 0);

    close(client);

    CHECK(belay_wait(takeover.stage.seen[1]) == BELAY_CANCELED);
    CHECK(code_of(takeover.stage.seen[1]) == -ECONNRESET); /* the 101, unread */
    finish_takeover(&takeover);
    stop_server(server);
}

TEST(a_stop_reaches_those_who_have_taken_over_and_waits_for_them)
{
    struct takeover takeover;
    struct belay_mhd *server;
    int client = start_takeover(&takeover, &server);
    belay_ctx *no_time = belay_with_timeout(NULL, 0);

    CHECK(belay_mhd_stop(no_time, server) == BELAY_DEADLINE_EXCEEDED);

    CHECK(code_of(takeover.stage.seen[1]) == -ESHUTDOWN);
    finish_takeover(&takeover);
    stop_server(server);
    belay_end(no_time);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_context_of_the_connection_goes_on_and_its_client_is_watched),
        cmocka_unit_test(
            a_stop_reaches_those_who_have_taken_over_and_waits_for_them),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
