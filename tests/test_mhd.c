/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <belay/mhd.h>

/* The context of a request: rules HS1 to HS3 and HS9 of Go's
   server. */

/* --- From its begin to its end ------------------------------------------- */

/* Keeps the context of each request, and answers. */
static enum MHD_Result keep(const belay_ctx *ctx, void *arg,
                            struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version,
                            const char *data, size_t *data_size, void **state)
{
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    struct stage *stage = arg;
    if (*state == NULL) {
        *state = stage;
        return MHD_YES;
    }
    if (*data_size > 0) {
        *data_size = 0;
        return MHD_YES;
    }
    stage->code = belay_err(ctx);
    stage->seen[stage->calls++] = belay_ref(ctx);
    return answer(connection, 200, "kept");
}

static struct belay_mhd *keep_with(struct stage *stage, unsigned flags)
{
    set_stage(stage);
    struct belay_mhd_settings settings = settings_for(stage, flags);
    settings.handler = keep;
    return start_server(NULL, &settings);
}

static void let_go(struct stage *stage)
{
    for (int i = 0; i < stage->calls; ++i)
        belay_unref(stage->seen[i]);
}

/* HS3, HT01 */
TEST(it_is_live_in_the_handler_and_over_when_the_client_has_the_reply)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        struct belay_mhd *server = keep_with(&stage, ways_to_serve[i]);
        int client = request(server, "GET /");

        CHECK(reply_to(client) == 200);

        CHECK(stage.code == 0);
        CHECK(belay_err(stage.seen[0]) == BELAY_CANCELED);
        CHECK(code_of(stage.seen[0]) == BELAY_CANCELED);
        assert_string_equal(belay_cause(stage.seen[0])->text,
                            "handler returned");
        let_go(&stage);
        close(client);
        stop_server(server);
    }
}

/* HS2, HT15 */
TEST(each_request_of_a_connection_has_a_context_of_its_own)
{
    struct stage stage;
    struct belay_mhd *server = keep_with(&stage, A_THREAD_EACH);
    int client = request(server, "GET /");
    CHECK(reply_to(client) == 200);

    ask(client, "GET /");
    CHECK(reply_to(client) == 200);

    CHECK(stage.calls == 2 && stage.seen[0] != stage.seen[1]);
    CHECK(stage.code == 0);
    let_go(&stage);
    close(client);
    stop_server(server);
}

static enum MHD_Result answer_at_once(const belay_ctx *ctx, void *arg,
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
    struct stage *stage = arg;
    *state = stage;
    stage->seen[stage->calls++] = belay_ref(ctx);
    return answer(connection, 413, "too much");
}

/* MHD does not tell that this was the last call. */
TEST(a_handler_that_answers_at_the_head_keeps_its_context_until_that_is_sent)
{
    struct stage stage;
    set_stage(&stage);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    settings.handler = answer_at_once;
    struct belay_mhd *server = start_server(NULL, &settings);
    int client = dial(server);

    say(client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");

    CHECK(reply_to(client) == 413);
    await(&stage.done);
    CHECK(stage.calls == 1);
    CHECK(belay_err(stage.seen[0]) == BELAY_CANCELED);
    let_go(&stage);
    close(client);
    stop_server(server);
}

static enum MHD_Result refuse_all(const belay_ctx *ctx, void *arg,
                                  struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    (void)connection;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    (void)data_size;
    struct stage *stage = arg;
    *state = stage;
    stage->seen[stage->calls++] = belay_ref(ctx);
    return MHD_NO;
}

TEST(a_handler_that_hangs_up_has_returned)
{
    struct stage stage;
    set_stage(&stage);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    settings.handler = refuse_all;
    struct belay_mhd *server = start_server(NULL, &settings);
    int client = request(server, "GET /");

    CHECK(is_closed(client));

    CHECK(belay_err(stage.seen[0]) == BELAY_CANCELED);
    let_go(&stage);
    close(client);
    stop_server(server);
}

/* --- What it stands below ------------------------------------------------- */

struct values {
    void *server, *connection, *address;
};

/* HS1, HT03, HT05 */
TEST(it_knows_its_server_its_connection_and_the_local_address)
{
    struct stage stage;
    struct belay_mhd *server = keep_with(&stage, A_THREAD_EACH);
    int clients[] = {request(server, "GET /"), -1};
    CHECK(reply_to(clients[0]) == 200);
    clients[1] = request(server, "GET /");
    CHECK(reply_to(clients[1]) == 200);

    struct values values[2];
    for (int i = 0; i < 2; ++i) {
        const belay_ctx *ctx = stage.seen[i];
        CHECK(belay_value(ctx, &belay_mhd_server_key, &values[i].server));
        CHECK(
            belay_value(ctx, &belay_mhd_connection_key, &values[i].connection));
        CHECK(belay_value(ctx, &belay_mhd_address_key, &values[i].address));
        CHECK(values[i].server == server);
        const struct sockaddr_in *address = values[i].address;
        CHECK(ntohs(address->sin_port) == port_of(server));
        CHECK(address->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    }
    CHECK(values[0].connection != values[1].connection);
    let_go(&stage);
    close(clients[0]);
    close(clients[1]);
    stop_server(server);
}

/* HS1 */
TEST(it_stands_below_the_context_that_the_server_was_started_with)
{
    static const struct belay_key key = {"color", NULL};
    static char blue[] = "blue";
    belay_ctx *parent = belay_with_value(NULL, &key, blue);
    struct stage stage;
    set_stage(&stage);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    settings.handler = keep;
    struct belay_mhd *server = start_server(parent, &settings);
    int client = request(server, "GET /");
    CHECK(reply_to(client) == 200);

    void *value;
    CHECK(belay_value(stage.seen[0], &key, &value));
    CHECK(value == blue);

    let_go(&stage);
    close(client);
    stop_server(server);
    belay_end(parent);
}

/* HS9 */
TEST(a_cause_from_above_reaches_the_handlers)
{
    struct stage stage;
    set_stage(&stage);
    belay_ctx *parent = belay_with_cancel(NULL);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    struct belay_mhd *server = start_server(parent, &settings);
    int client = request(server, "GET /");
    await(&stage.entered);

    belay_cancel_cause(parent, -EXFULL, "no more");

    await(&stage.ended);
    CHECK(stage.code == -EXFULL);
    CHECK(strcmp(stage.text, "no more") == 0);
    CHECK(reply_to(client) == 503);
    close(client);
    stop_server(server);
    belay_end(parent);
}

TEST(below_what_has_ended_requests_are_refused_and_their_handler_not_called)
{
    struct stage stage;
    set_stage(&stage);
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_cancel(parent);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    settings.handler = keep;
    struct belay_mhd *server = start_server(parent, &settings);
    int client = request(server, "GET /");

    CHECK(reply_to(client) == 503);

    CHECK(stage.calls == 0);
    close(client);
    stop_server(server);
    belay_end(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            it_is_live_in_the_handler_and_over_when_the_client_has_the_reply),
        cmocka_unit_test(each_request_of_a_connection_has_a_context_of_its_own),
        cmocka_unit_test(
            a_handler_that_answers_at_the_head_keeps_its_context_until_that_is_sent),
        cmocka_unit_test(a_handler_that_hangs_up_has_returned),
        cmocka_unit_test(
            it_knows_its_server_its_connection_and_the_local_address),
        cmocka_unit_test(
            it_stands_below_the_context_that_the_server_was_started_with),
        cmocka_unit_test(a_cause_from_above_reaches_the_handlers),
        cmocka_unit_test(
            below_what_has_ended_requests_are_refused_and_their_handler_not_called),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
