/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <belay/mhd.h>

/* Clients that leave while their handler works: rules HS4 to HS8 and HS10 of
   Go's server, and the two cases in which Go does not notice. */

static const struct {
    const char *head; /* of the request, and what comes of its body */
    const char *more; /* sent when the handler is at work */
} ways_to_ask[] = {
    {"GET / HTTP/1.1\r\nHost: test\r\n\r\n", ""},
    /* Go does not notice: a body that nobody reads. */
    {"POST /head HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", ""},
    {"POST /head HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhell", ""},
    {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", ""},
    {"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1\r\nx\r\n0\r\n\r\n",
     ""},
    /* Go does not notice: a byte that comes while the handler works (HS6). */
    {"GET / HTTP/1.1\r\nHost: test\r\n\r\n", "G"},
    {"GET / HTTP/1.1\r\nHost: test\r\n\r\n",
     "GET /quick HTTP/1.1\r\nHost: test\r\n\r\n"},
    {"GET / HTTP/1.1\r\nHost: test\r\n\r\nG", ""},
};

static const struct {
    void (*go)(int client);
    int code;
} ways_to_go[] = {{leave, -EPIPE}, {reset, -ECONNRESET}};

static void check_that_it_is_noticed(unsigned flags, size_t asked, size_t gone)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, flags);
    int client = dial(server);
    say(client, ways_to_ask[asked].head);
    await(&stage.entered);
    say(client, ways_to_ask[asked].more);

    ways_to_go[gone].go(client);

    await(&stage.ended);
    CHECK(stage.code == ways_to_go[gone].code);
    await(&stage.done);
    stop_server(server);
}

/* HS4, HT02; HS6 and unread bodies, better than Go */
TEST(a_client_that_leaves_is_noticed_whatever_it_has_sent)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i)
        for (size_t asked = 0; asked < LENGTH(ways_to_ask); ++asked)
            for (size_t gone = 0; gone < LENGTH(ways_to_go); ++gone)
                check_that_it_is_noticed(ways_to_serve[i], asked, gone);
}

/* HS8 */
TEST(a_client_that_sends_no_more_has_gone)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    int client = request(server, "GET /");
    await(&stage.entered);

    CHECK(shutdown(client, SHUT_WR) == 0);

    await(&stage.ended);
    CHECK(stage.code == -EPIPE);
    close(client);
    stop_server(server);
}

/* HS8, by policy */
TEST(a_client_that_sends_no_more_may_be_waiting_for_its_answer)
{
    struct stage stage;
    set_stage(&stage);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    settings.fin = BELAY_FIN_PASSES;
    belay_ctx *parent = belay_with_cancel(NULL);
    struct belay_mhd *server = start_server(parent, &settings);
    int client = request(server, "GET /");
    await(&stage.entered);

    CHECK(shutdown(client, SHUT_WR) == 0);
    let_the_watcher_catch_up();
    belay_cancel_cause(parent, -EXFULL, "over");

    await(&stage.ended);
    CHECK(stage.code == -EXFULL);
    CHECK(reply_to(client) == 503);
    close(client);
    stop_server(server);
    belay_end(parent);
}

/* Two seconds are the least that can be asked for. */
TEST(a_client_that_falls_silent_has_gone)
{
    struct stage stage;
    set_stage(&stage);
    struct belay_mhd_settings settings = settings_for(&stage, A_THREAD_EACH);
    settings.silence = 2 * BELAY_SECOND;
    struct belay_mhd *server = start_server(NULL, &settings);
    struct ends ends = {-1, request(server, "GET /")};
    await(&stage.entered);

    fall_silent(&ends);

    await(&stage.ended);
    CHECK(stage.code == -ETIMEDOUT);
    CHECK(strcmp(stage.text, "peer fell silent") == 0);
    close(ends.theirs);
    stop_server(server);
}

/* HS5 */
TEST(a_client_that_is_too_slow_with_its_body_ends_its_request)
{
    struct stage stage;
    set_stage(&stage);
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_TIMEOUT, 1, NULL}, {MHD_OPTION_END, 0, NULL}};
    struct belay_mhd_settings settings = settings_for(&stage, ONE_THREAD);
    settings.options = options;
    struct belay_mhd *server = start_server(NULL, &settings);
    int client = dial(server);

    say(client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nx");

    await(&stage.done);
    CHECK(is_closed(client));
    close(client);
    stop_server(server);
}

/* --- Writing -------------------------------------------------------------- */

static ssize_t send_endlessly(void *arg, uint64_t at, char *data, size_t size)
{
    struct stage *stage = arg;
    (void)at;
    memset(data, 'x', size);
    if (belay_err(stage->seen[0]) == 0)
        return (ssize_t)size;
    stage->code = code_of(stage->seen[0]);
    sem_post(&stage->ended);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t send_slowly(void *arg, uint64_t at, char *data, size_t size)
{
    struct stage *stage = arg;
    (void)size;
    if (at == 0) {
        *data = 'x';
        return 1;
    }
    await_end(stage->seen[0], stage);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result stream(const belay_ctx *ctx, void *arg,
                              struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *data_size, void **state)
{
    (void)ctx;
    (void)method;
    (void)version;
    (void)data;
    (void)data_size;
    struct stage *stage = arg;
    if (*state == NULL) {
        *state = stage;
        return MHD_YES;
    }
    stage->seen[0] = belay_ref(belay_mhd_connection(connection));
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 1024,
        strcmp(url, "/slowly") == 0 ? send_slowly : send_endlessly, stage,
        NULL);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* HS7 */
TEST(a_reply_that_is_being_written_asks_the_connection)
{
    static const char *const ways[] = {"GET /slowly", "GET /endlessly"};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        struct stage stage;
        set_stage(&stage);
        struct belay_mhd_settings settings =
            settings_for(&stage, A_THREAD_EACH);
        settings.handler = stream;
        struct belay_mhd *server = start_server(NULL, &settings);
        int client = request(server, ways[i]);
        char first;
        CHECK(recv(client, &first, 1, 0) == 1);

        close(client);

        await(&stage.done);
        CHECK(belay_wait(stage.seen[0]) == BELAY_CANCELED);
        stop_server(server);
        belay_unref(stage.seen[0]);
    }
}

/* --- Many ----------------------------------------------------------------- */

/* Connections of a port whose peer has closed, and which nobody has. */
static int count_close_wait(unsigned port)
{
    enum { CLOSE_WAIT = 8 };
    int count = 0;
    char line[300];
    FILE *connections = fopen("/proc/net/tcp", "r");
    while (fgets(line, sizeof line, connections) != NULL) {
        unsigned local;
        unsigned state;
        if (sscanf(line, "%*d: %*x:%x %*x:%*x %x", &local, &state) == 2)
            count += local == port && state == CLOSE_WAIT;
    }
    fclose(connections);
    return count;
}

TEST(many_clients_that_vanish_at_once_leave_nothing)
{
    enum { MANY = 200 };
    static int clients[MANY];
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    for (int i = 0; i < MANY; ++i)
        clients[i] = request(server, "GET /");
    for (int i = 0; i < MANY; ++i)
        await(&stage.entered);
    CHECK(belay_mhd_inside(server) == MANY);
    unsigned port = port_of(server);

    for (int i = 0; i < MANY; ++i)
        (i % 2 == 0 ? leave : reset)(clients[i]);

    for (int i = 0; i < MANY; ++i)
        await(&stage.done);
    CHECK(belay_mhd_drain(NULL, server) == 0);
    CHECK(belay_mhd_inside(server) == 0);
    stop_server(server);
    CHECK(count_close_wait(port) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_leaves_is_noticed_whatever_it_has_sent),
        cmocka_unit_test(a_client_that_sends_no_more_has_gone),
        cmocka_unit_test(
            a_client_that_sends_no_more_may_be_waiting_for_its_answer),
        cmocka_unit_test(a_client_that_falls_silent_has_gone),
        cmocka_unit_test(
            a_client_that_is_too_slow_with_its_body_ends_its_request),
        cmocka_unit_test(a_reply_that_is_being_written_asks_the_connection),
        cmocka_unit_test(many_clients_that_vanish_at_once_leave_nothing),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
