/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <belay/mhd.h>

/* What a server can be told: rules HS13 and HS16 of Go's, and what is refused.
 */

/* --- Deriving ------------------------------------------------------------- */

static belay_ctx *derive_from_header(const belay_ctx *ctx, void *arg,
                                     struct MHD_Connection *connection)
{
    (void)arg;
    const char *left = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                   "Milliseconds-Left");
    if (left == NULL)
        return NULL;
    return belay_with_timeout_cause(
        ctx, strtol(left, NULL, 10) * BELAY_MILLISECOND, -EDOM, "header");
}

static struct belay_mhd *serve_with_deadlines(struct stage *stage)
{
    set_stage(stage);
    struct belay_mhd_settings settings = settings_for(stage, A_THREAD_EACH);
    settings.derive = derive_from_header;
    return start_server(NULL, &settings);
}

static belay_ctx *derive_for_the_test(const belay_ctx *ctx, void *arg,
                                      struct MHD_Connection *connection)
{
    (void)connection;
    struct stage *stage = arg;
    stage->derived = belay_with_timeout(ctx, BELAY_HOUR);
    stage->seen[0] = belay_ref(stage->derived);
    sem_post(&stage->go_on);
    return stage->derived;
}

static struct belay_mhd *serve_what_is_derived(struct stage *stage,
                                               unsigned flags)
{
    set_stage(stage);
    struct belay_mhd_settings settings = settings_for(stage, flags);
    settings.derive = derive_for_the_test;
    return start_server(NULL, &settings);
}

/* HS16: Go's requests have no deadline */
TEST(what_is_derived_for_a_request_is_what_its_handler_has)
{
    struct stage stage;
    struct belay_mhd *server = serve_what_is_derived(&stage, A_THREAD_EACH);
    int client = request(server, "GET /");
    await(&stage.entered);

    belay_cancel_cause(stage.derived, -EDOM, "its time is over");

    await(&stage.ended);
    CHECK(stage.code == -EDOM);
    CHECK(reply_to(client) == 503);
    close(client);
    stop_server(server);
    belay_unref(stage.seen[0]);
}

/* HS13, HT12 */
TEST(a_request_whose_time_is_over_is_refused_and_its_handler_not_called)
{
    struct stage stage;
    struct belay_mhd *server = serve_with_deadlines(&stage);
    int client = dial(server);

    say(client, "GET / HTTP/1.1\r\nHost: test\r\nMilliseconds-Left: 0\r\n\r\n");

    CHECK(reply_to(client) == 504);
    CHECK(!has_come(&stage.entered));
    close(client);
    stop_server(server);
}

TEST(a_client_that_leaves_ends_what_was_derived)
{
    struct stage stage;
    struct belay_mhd *server = serve_with_deadlines(&stage);
    int client = dial(server);
    say(client,
        "GET / HTTP/1.1\r\nHost: test\r\nMilliseconds-Left: 9000000\r\n\r\n");
    await(&stage.entered);

    close(client);

    await(&stage.ended);
    CHECK(stage.code == -EPIPE);
    stop_server(server);
}

/* HS5: Go's limits on reading are not those of the context */
TEST(a_client_that_is_slow_with_its_body_is_cut_off_when_its_context_ends)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        struct belay_mhd *server =
            serve_what_is_derived(&stage, ways_to_serve[i]);
        int client = dial(server);
        say(client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n"
                    "\r\nhell");
        await(&stage.go_on);

        belay_cancel(stage.derived);

        await(&stage.done);
        CHECK(reply_to(client) != 200);
        close(client);
        stop_server(server);
        belay_unref(stage.seen[0]);
    }
}

/* --- Starting ------------------------------------------------------------- */

TEST(a_server_that_cannot_work_is_not_started)
{
    static const struct MHD_OptionItem ours[] = {
        {MHD_OPTION_NOTIFY_COMPLETED, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    static const struct MHD_OptionItem nested[] = {
        {MHD_OPTION_ARRAY, 0, (void *)ours}, {MHD_OPTION_END, 0, NULL}};
    const struct belay_mhd_settings bad[] = {
        {.flags = A_THREAD_EACH},
        {.flags = MHD_USE_EPOLL, .handler = serve},
        {.flags = A_THREAD_EACH, .handler = serve, .options = ours},
        {.flags = A_THREAD_EACH, .handler = serve, .options = nested},
        {.flags = A_THREAD_EACH, .handler = serve, .silence = 1},
        {.flags = A_THREAD_EACH, .handler = serve, .silence = -1},
    };
    for (size_t i = 0; i < LENGTH(bad); ++i) {
        struct belay_mhd *server = NULL;
        CHECK(belay_mhd_start(NULL, &bad[i], &server) == -EINVAL);
        CHECK(server == NULL);
    }
}

TEST(a_port_that_is_taken_is_said_to_be)
{
    struct sockaddr_in address;
    int listener = listen_somewhere(&address);
    struct belay_mhd_settings settings = {.flags = A_THREAD_EACH,
                                          .port = ntohs(address.sin_port),
                                          .handler = serve};
    struct belay_mhd *server = NULL;
    errno = EXFULL;

    CHECK(belay_mhd_start(NULL, &settings, &server) == -EADDRINUSE);

    CHECK(server == NULL);
    CHECK(errno == EXFULL);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_derived_for_a_request_is_what_its_handler_has),
        cmocka_unit_test(
            a_request_whose_time_is_over_is_refused_and_its_handler_not_called),
        cmocka_unit_test(a_client_that_leaves_ends_what_was_derived),
        cmocka_unit_test(
            a_client_that_is_slow_with_its_body_is_cut_off_when_its_context_ends),
        cmocka_unit_test(a_server_that_cannot_work_is_not_started),
        cmocka_unit_test(a_port_that_is_taken_is_said_to_be),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
