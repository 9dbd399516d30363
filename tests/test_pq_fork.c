/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

static int exec(const belay_ctx *ctx, PGconn *conn, const char *sql)
{
    PGresult *result;
    int err = belay_pq_exec(ctx, conn, sql, &result);
    PQclear(result);
    return err;
}

TEST(a_process_that_is_killed_leaves_no_query_behind)
{
    pid_t child = fork();
    if (child == 0) {
        PGconn *conn;
        belay_pq_connect(NULL, postgres.conninfo, &conn);
        exec(NULL, conn, ENDLESS);
        _exit(0);
    }
    PGconn *observer = observe();
    await_answer(observer, BUSY_ONES, 1);

    kill(child, SIGKILL);

    await_answer(observer, BUSY_ONES, 0);
    waitpid(child, NULL, 0);
    PQfinish(observer);
}

static int stop_in_child(void)
{
    PGconn *conn;
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    int err = belay_pq_connect(NULL, postgres.conninfo, &conn);
    if (err == 0)
        err = exec(ctx, conn, ENDLESS);
    bool is_open = PQstatus(conn) == CONNECTION_OK;
    PQfinish(conn);
    belay_end(ctx);
    return err == BELAY_DEADLINE_EXCEEDED && is_open ? 0 : 1;
}

TEST(a_child_has_a_second_connection_of_its_own)
{
    PGconn *conn = connect_postgres();
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(stop_in_child());
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    CHECK(exec(ctx, conn, ENDLESS) == BELAY_DEADLINE_EXCEEDED);

    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_is_killed_leaves_no_query_behind),
        cmocka_unit_test(a_child_has_a_second_connection_of_its_own),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
