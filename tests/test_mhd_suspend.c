/* SPDX-License-Identifier: MIT */
#include "http.h"
#include "race.h"

#include <belay/mhd.h>

/* Handlers that answer later: a connection is suspended, and what resumes it is
   a job that is done, or the end of the context. */

/* What stands for a job elsewhere: the test does it. */
struct later {
    struct stage stage;
    struct MHD_Connection *connection;
    bool with_context; /* the connection is resumed when that ends, too */
    int err;           /* of suspending */
};

static enum MHD_Result suspend(const belay_ctx *ctx, void *arg,
                               struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *data,
                               size_t *data_size, void **state)
{
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    struct later *later = arg;
    static char begun;
    static char suspended;
    if (*state == NULL) {
        *state = &begun;
        return MHD_YES;
    }
    if (*data_size > 0) {
        *data_size = 0;
        return MHD_YES;
    }
    if (*state == &begun) {
        *state = &suspended;
        later->connection = connection;
        later->stage.seen[0] = belay_ref(ctx);
        later->err =
            belay_mhd_suspend(later->with_context ? ctx : NULL, connection);
        sem_post(&later->stage.entered);
        if (later->err == 0)
            return MHD_YES;
    }
    if (belay_err(ctx) == 0)
        return answer(connection, 200, "resumed");
    note_end(ctx, &later->stage);
    return answer(connection, 503, "stopped");
}

static void note_later(void *arg, struct MHD_Connection *connection,
                       void **state, enum MHD_RequestTerminationCode how)
{
    note_completion(&((struct later *)arg)->stage, connection, state, how);
}

static struct belay_mhd *suspend_with(struct later *later, bool with_context,
                                      unsigned flags)
{
    *later = (struct later){.with_context = with_context};
    set_stage(&later->stage);
    const struct belay_mhd_settings settings = {.flags = flags,
                                                .handler = suspend,
                                                .completed = note_later,
                                                .arg = later};
    return start_server(NULL, &settings);
}

static void let_go(struct later *later)
{
    belay_unref(later->stage.seen[0]);
    later->stage.seen[0] = NULL;
}

TEST(a_suspended_request_is_answered_when_it_is_resumed)
{
    for (int with_context = 0; with_context < 2; ++with_context) {
        struct later later;
        struct belay_mhd *server =
            suspend_with(&later, with_context, ONE_THREAD);
        int client = request(server, "GET /");
        await(&later.stage.entered);
        CHECK(later.err == 0);

        CHECK(belay_mhd_resume(later.connection));

        CHECK(reply_to(client) == 200);
        let_go(&later);
        ask(client, "GET /"); /* the connection is as good as new */
        await(&later.stage.entered);
        CHECK(belay_mhd_resume(later.connection));
        CHECK(reply_to(client) == 200);
        close(client);
        stop_server(server);
        let_go(&later);
    }
}

/* HS4, HT02: MHD itself looks at no connection that is suspended, and calls the
   handler of one that is broken again, or not, as it likes. */
TEST(a_client_that_leaves_resumes_what_waits_for_its_context)
{
    static const unsigned ways[] = {ONE_THREAD, WITH_EPOLL};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        struct later later;
        struct belay_mhd *server = suspend_with(&later, true, ways[i]);
        int client = request(server, "GET /");
        await(&later.stage.entered);

        reset(client);

        await(&later.stage.done);
        CHECK(code_of(later.stage.seen[0]) == -ECONNRESET);
        let_go(&later);
        stop_server(server);
    }
}

/* HS12 */
TEST(a_stop_resumes_what_waits_for_its_context)
{
    struct later later;
    struct belay_mhd *server = suspend_with(&later, true, ONE_THREAD);
    int client = request(server, "GET /");
    await(&later.stage.entered);

    stop_server(server);

    CHECK(later.stage.code == -ESHUTDOWN);
    CHECK(reply_to(client) == 503);
    let_go(&later);
    close(client);
}

TEST(a_job_that_must_be_done_first_is_not_overtaken_by_a_stop)
{
    struct later later;
    struct belay_mhd *server = suspend_with(&later, false, ONE_THREAD);
    int client = request(server, "GET /");
    await(&later.stage.entered);
    belay_ctx *patience = belay_with_timeout(NULL, BELAY_MILLISECOND);
    CHECK(belay_mhd_stop(patience, server) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_mhd_resume(later.connection));

    stop_server(server);
    CHECK(code_of(later.stage.seen[0]) == -ESHUTDOWN);
    let_go(&later);
    belay_end(patience);
    close(client);
}

TEST(a_drain_waits_for_the_suspended)
{
    struct later later;
    struct belay_mhd *server = suspend_with(&later, true, ONE_THREAD);
    int client = request(server, "GET /");
    await(&later.stage.entered);
    belay_ctx *no_time = belay_with_timeout(NULL, 0);
    CHECK(belay_mhd_drain(no_time, server) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_mhd_resume(later.connection));

    CHECK(belay_mhd_drain(NULL, server) == 0);
    CHECK(reply_to(client) == 200);
    belay_end(no_time);
    close(client);
    stop_server(server);
    let_go(&later);
}

TEST(where_a_connection_has_a_thread_that_thread_waits)
{
    struct later later;
    struct belay_mhd *server = suspend_with(&later, true, A_THREAD_EACH);
    int client = request(server, "GET /");

    CHECK(reply_to(client) == 200);

    CHECK(later.err == -ENOTSUP);
    close(client);
    stop_server(server);
    let_go(&later);
}

/* --- Races ---------------------------------------------------------------- */

struct finish {
    struct later later;
    struct belay_mhd *server;
    int client;
};

static void begin_one(void *arg)
{
    struct finish *finish = arg;
    finish->client = request(finish->server, "GET /");
    await(&finish->later.stage.entered);
}

static void finish_job(void *arg)
{
    struct finish *finish = arg;
    belay_mhd_resume(finish->later.connection);
}

static void leave_it(void *arg)
{
    struct finish *finish = arg;
    close(finish->client);
}

static void it_is_over(void *arg)
{
    struct finish *finish = arg;
    await(&finish->later.stage.done);
    let_go(&finish->later);
}

TEST(the_job_is_done_while_the_client_leaves)
{
    struct finish finish;
    finish.server = suspend_with(&finish.later, false, ONE_THREAD);
    struct race race = {begin_one, finish_job, leave_it, it_is_over, &finish};
    run_race(race, RACES / 20);
    stop_server(finish.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suspended_request_is_answered_when_it_is_resumed),
        cmocka_unit_test(
            a_client_that_leaves_resumes_what_waits_for_its_context),
        cmocka_unit_test(a_stop_resumes_what_waits_for_its_context),
        cmocka_unit_test(
            a_job_that_must_be_done_first_is_not_overtaken_by_a_stop),
        cmocka_unit_test(a_drain_waits_for_the_suspended),
        cmocka_unit_test(where_a_connection_has_a_thread_that_thread_waits),
        cmocka_unit_test(the_job_is_done_while_the_client_leaves),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
