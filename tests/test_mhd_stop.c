/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <belay/mhd.h>

/* Stopping in two phases: rules HS11 and HS12 of Go's server. */

struct drainer {
    struct belay_mhd *server;
    const belay_ctx *grace;
    int err;
};

static void *drain(void *arg)
{
    struct drainer *drainer = arg;
    drainer->err = belay_mhd_drain(drainer->grace, drainer->server);
    return NULL;
}

/* The listening socket is closed first of all. */
static pthread_t start_drain(struct drainer *drainer)
{
    const struct sockaddr_in address = address_of(drainer->server);
    pthread_t thread = start(drain, drainer);
    for (bool is_open = true; is_open; sched_yield()) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        is_open = connect(client, (const struct sockaddr *)&address,
                          sizeof address) == 0;
        close(client);
    }
    return thread;
}

/* HS11, HT09 */
TEST(a_drain_waits_for_those_inside_and_leaves_their_contexts_alone)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    int client = request(server, "GET /later");
    await(&stage.entered);
    struct drainer drainer = {.server = server};
    pthread_t thread = start_drain(&drainer);

    sem_post(&stage.go_on);

    CHECK(reply_to(client) == 200);
    join(thread);
    CHECK(drainer.err == 0);
    CHECK(belay_mhd_inside(server) == 0);
    close(client);
    stop_server(server);
}

/* HS11, HT09 */
TEST(a_drain_that_takes_too_long_says_so_and_changes_nothing)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    int client = request(server, "GET /later");
    await(&stage.entered);
    belay_ctx *grace = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_mhd_drain(grace, server) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_mhd_inside(server) == 1);
    sem_post(&stage.go_on);
    CHECK(reply_to(client) == 200);
    CHECK(belay_mhd_drain(NULL, server) == 0);
    CHECK(belay_mhd_drain(grace, server) == 0); /* it is done: that wins */
    belay_end(grace);
    close(client);
    stop_server(server);
}

/* HS11 */
TEST(idle_connections_are_closed_by_a_drain)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);
        int client = request(server, "GET /quick");
        CHECK(reply_to(client) == 200);
        await(&stage.done);

        CHECK(belay_mhd_drain(NULL, server) == 0);

        CHECK(is_closed(client));
        close(client);
        stop_server(server);
    }
}

/* HS11, HT10: Go gives them five seconds */
TEST(connections_without_a_whole_head_do_not_hold_up_a_drain)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);
        int silent = dial(server);
        int slow = dial(server);
        say(slow, "GET / HTTP/1.1\r\nHo");
        int known = request(server, "GET /quick");
        CHECK(reply_to(known) == 200);

        CHECK(belay_mhd_drain(NULL, server) == 0);

        CHECK(is_closed(silent));
        CHECK(is_closed(slow));
        close(silent);
        close(slow);
        close(known);
        stop_server(server);
    }
}

TEST(a_connection_is_closed_after_its_last_reply)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    int client = request(server, "GET /later");
    await(&stage.entered);
    belay_ctx *no_time = belay_with_timeout(NULL, 0);
    CHECK(belay_mhd_drain(no_time, server) == BELAY_DEADLINE_EXCEEDED);

    sem_post(&stage.go_on);

    CHECK(reply_to(client) == 200);
    CHECK(is_closed(client));
    belay_end(no_time);
    close(client);
    stop_server(server);
}

/* HS12, HT11: also with a body that nobody reads, where Go's handler is not
   told */
TEST(a_stop_ends_all_contexts_and_says_why)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: test\r\n\r\n",
        "POST /head HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"};
    for (size_t i = 0; i < LENGTH(requests); ++i) {
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
        int client = dial(server);
        say(client, requests[i]);
        await(&stage.entered);

        stop_server(server);

        CHECK(stage.code == -ESHUTDOWN);
        CHECK(strcmp(stage.text, "server stopping") == 0);
        CHECK(reply_to(client) == 503);
        close(client);
    }
}

TEST(a_stop_closes_what_only_one_thread_serves)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, ONE_THREAD);
    int client = request(server, "GET /");
    await(&stage.entered);

    stop_server(server);

    CHECK(stage.code == -ESHUTDOWN);
    CHECK(reply_to(client) == 503);
    close(client);
}

TEST(fifty_inside_are_answered_or_cut_and_all_are_back)
{
    enum { FIFTY = 50, LATER = 20 };
    int clients[FIFTY];
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    for (int i = 0; i < FIFTY; ++i)
        clients[i] = request(server, i < LATER ? "GET /later" : "GET /");
    for (int i = 0; i < FIFTY; ++i)
        await(&stage.entered);
    belay_ctx *grace = belay_with_cancel(NULL);
    struct drainer drainer = {.server = server, .grace = grace};
    pthread_t thread = start_drain(&drainer);

    for (int i = 0; i < LATER; ++i)
        sem_post(&stage.go_on);
    for (int i = 0; i < LATER; ++i)
        CHECK(reply_to(clients[i]) == 200);
    belay_cancel(grace);
    join(thread);
    CHECK(drainer.err == BELAY_CANCELED);
    stop_server(server);

    for (int i = LATER; i < FIFTY; ++i)
        CHECK(reply_to(clients[i]) == 503);
    for (int i = 0; i < FIFTY; ++i) {
        CHECK(is_closed(clients[i]));
        close(clients[i]);
    }
    belay_end(grace);
}

TEST(a_stop_does_not_wait_for_ever_for_a_handler_that_does_not_ask)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    int client = request(server, "GET /later");
    await(&stage.entered);
    belay_ctx *patience = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_mhd_stop(patience, server) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_mhd_inside(server) == 1);
    sem_post(&stage.go_on);
    stop_server(server);
    belay_end(patience);
    close(client);
}

static enum MHD_Result answer_at_length(const belay_ctx *ctx, void *arg,
                                        struct MHD_Connection *connection,
                                        const char *url, const char *method,
                                        const char *version, const char *data,
                                        size_t *data_size, void **state)
{
    (void)ctx;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    (void)data_size;
    enum { LENGTH_OF_IT = 64 << 20 };
    struct stage *stage = arg;
    if (*state == NULL) {
        *state = stage;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        LENGTH_OF_IT, calloc(1, LENGTH_OF_IT), MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    sem_post(&stage->entered);
    return result;
}

TEST(a_client_that_does_not_read_cannot_hold_up_a_stop)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        set_stage(&stage);
        struct belay_mhd_settings settings =
            settings_for(&stage, ways_to_serve[i]);
        settings.handler = answer_at_length;
        struct belay_mhd *server = start_server(NULL, &settings);
        int client = request(server, "GET /");
        await(&stage.entered);
        belay_ctx *patience = belay_with_timeout(NULL, BELAY_MILLISECOND);

        CHECK(belay_mhd_stop(patience, server) == 0);

        belay_end(patience);
        close(client);
    }
}

TEST(a_stop_with_nobody_inside_is_done_at_once)
{
    struct stage stage;
    belay_ctx *no_time = belay_with_timeout(NULL, 0);
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i)
        CHECK(belay_mhd_stop(no_time, serve_with(&stage, ways_to_serve[i])) ==
              0);
    belay_end(no_time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_drain_waits_for_those_inside_and_leaves_their_contexts_alone),
        cmocka_unit_test(
            a_drain_that_takes_too_long_says_so_and_changes_nothing),
        cmocka_unit_test(idle_connections_are_closed_by_a_drain),
        cmocka_unit_test(
            connections_without_a_whole_head_do_not_hold_up_a_drain),
        cmocka_unit_test(a_connection_is_closed_after_its_last_reply),
        cmocka_unit_test(a_stop_ends_all_contexts_and_says_why),
        cmocka_unit_test(a_stop_closes_what_only_one_thread_serves),
        cmocka_unit_test(fifty_inside_are_answered_or_cut_and_all_are_back),
        cmocka_unit_test(
            a_stop_does_not_wait_for_ever_for_a_handler_that_does_not_ask),
        cmocka_unit_test(a_client_that_does_not_read_cannot_hold_up_a_stop),
        cmocka_unit_test(a_stop_with_nobody_inside_is_done_at_once),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
