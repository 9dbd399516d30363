/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

/* Executing.  Canceling as such is in test_pq_cancel.c. */

static int exec(const belay_ctx *ctx, PGconn *conn, const char *sql,
                ExecStatusType *ret_status)
{
    PGresult *result;
    int err = belay_pq_exec(ctx, conn, sql, &result);
    *ret_status = PQresultStatus(result);
    PQclear(result);
    return err;
}

static int exec_params(const belay_ctx *ctx, PGconn *conn, const char *sql,
                       const char *value, PGresult **ret_result)
{
    const char *const values[] = {value};
    return belay_pq_exec_params(ctx, conn, sql, value != NULL, NULL, values,
                                NULL, NULL, 0, ret_result);
}

TEST(an_answer_is_as_libpq_gives_it)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    PGresult *rows;

    CHECK(exec_params(ctx, conn, "SELECT $1 || 'b'", "a", &rows) == 0);

    CHECK(PQresultStatus(rows) == PGRES_TUPLES_OK);
    CHECK(strcmp(PQgetvalue(rows, 0, 0), "ab") == 0);
    PQclear(rows);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

TEST(of_several_statements_the_last_one_answers)
{
    PGconn *conn = connect_postgres();
    PGresult *rows;

    CHECK(belay_pq_exec(NULL, conn, "SELECT 1; SELECT 2", &rows) == 0);

    CHECK(strcmp(PQgetvalue(rows, 0, 0), "2") == 0);
    PQclear(rows);
    PQfinish(conn);
}

TEST(an_error_of_the_database_is_an_answer)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    PGresult *result;

    CHECK(exec_params(ctx, conn, "SELECT 1 / $1", "0", &result) == 0);

    CHECK(strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "22012") == 0);
    CHECK(strstr(PQresultErrorMessage(result), "division by zero") != NULL);
    PQclear(result);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

TEST(an_ended_context_starts_nothing)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);
    PGconn *none = conn;
    PGresult *result;

    CHECK(belay_pq_connect(ctx, postgres.conninfo, &none) == BELAY_CANCELED);
    CHECK(none == NULL);
    CHECK(belay_pq_exec(ctx, conn, "CREATE TABLE never(i int)", &result) ==
          BELAY_CANCELED);
    CHECK(result == NULL);
    CHECK(exec_params(ctx, conn, "SELECT 1", NULL, &result) == BELAY_CANCELED);
    CHECK(belay_pq_begin(ctx, conn) == BELAY_CANCELED);

    CHECK(ask(conn, "SELECT count(*) FROM pg_class WHERE relname = 'never'") ==
          0);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(a_prepared_statement_runs_under_each_context_anew)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_cancel(NULL);
    const char *const values[] = {"7"};
    PGresult *result;
    CHECK(belay_pq_prepare(ctx, conn, "twice", "SELECT 2 * $1::int", 0, NULL,
                           &result) == 0);
    CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
    belay_end(ctx); /* it was for the preparing only */

    for (int i = 0; i < 2; ++i) {
        belay_ctx *next = belay_with_timeout(NULL, BELAY_HOUR);
        CHECK(belay_pq_exec_prepared(next, conn, "twice", 1, values, NULL, NULL,
                                     0, &result) == 0);
        CHECK(strcmp(PQgetvalue(result, 0, 0), "14") == 0);
        PQclear(result);
        belay_end(next);
    }
    PQfinish(conn);
}

TEST(an_error_at_the_commit_of_a_statement_is_its_answer)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    do_sql(conn, "CREATE TEMP TABLE late(i int UNIQUE DEFERRABLE INITIALLY "
                 "DEFERRED)");
    PGresult *result;

    CHECK(exec_params(ctx, conn, "INSERT INTO late VALUES(1), ($1)", "1",
                      &result) == 0);

    CHECK(strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "23505") == 0);
    PQclear(result);
    CHECK(ask(conn, "SELECT count(*) FROM late") == 0);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(what_libpq_refuses_is_an_answer_that_says_why)
{
    PGconn *conn = connect_postgres();
    PGresult *result;
    CHECK(PQenterPipelineMode(conn) == 1);

    CHECK(exec_params(NULL, conn, "SELECT 1", NULL, &result) == 0);

    CHECK(PQresultStatus(result) == PGRES_FATAL_ERROR);
    CHECK(strstr(PQerrorMessage(conn), "pipeline") != NULL);
    PQclear(result);
    CHECK(PQexitPipelineMode(conn) == 1);
    CHECK(is_as_good_as_new(conn));
    PQfinish(conn);
}

/* More than a socket takes, so that it is sent in pieces. */
TEST(a_large_value_is_sent_while_answers_are_taken)
{
    enum { LARGE = 8000000 };
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    char *text = calloc(1, LARGE + 1);
    memset(text, 'x', LARGE);
    PGresult *result;

    CHECK(exec_params(ctx, conn, "SELECT $1::text", text, &result) == 0);

    CHECK(PQgetlength(result, 0, 0) == LARGE);
    PQclear(result);
    free(text);
    belay_end(ctx);
    PQfinish(conn);
}

/* --- The server's own limit ---------------------------------------------- */

#define LIMIT \
    "SELECT setting::int FROM pg_settings " \
    "WHERE name = 'statement_timeout'"

static int limit_under(const belay_ctx *ctx, PGconn *conn)
{
    PGresult *result;
    CHECK(exec_params(ctx, conn, LIMIT, NULL, &result) == 0);
    int limit = atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    return limit;
}

TEST(the_server_has_the_deadline_for_as_long_as_the_statement)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);

    int limit = limit_under(ctx, conn);

    CHECK(limit > 0 && limit <= 3600 * 1000 + 50);
    CHECK(limit_under(NULL, conn) == 0);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(a_stricter_limit_of_the_session_stays)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    do_sql(conn, "SET statement_timeout = '5min'");
    CHECK(limit_under(ctx, conn) == 300 * 1000);

    do_sql(conn, "SET statement_timeout = '2d'");
    CHECK(limit_under(ctx, conn) <= 3600 * 1000 + 50);

    CHECK(limit_under(NULL, conn) == 2 * 24 * 3600 * 1000);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(the_servers_limit_while_the_context_lives_is_an_answer)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_cancel(NULL);
    do_sql(conn, "SET statement_timeout = 1");
    PGresult *result;

    CHECK(belay_pq_exec(ctx, conn, ENDLESS, &result) == 0);

    CHECK(strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014") == 0);
    PQclear(result);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(what_runs_in_no_transaction_is_for_exec)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    ExecStatusType status;

    CHECK(exec(ctx, conn, "VACUUM pg_class", &status) == 0);

    CHECK(status == PGRES_COMMAND_OK);
    belay_end(ctx);
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_as_libpq_gives_it),
        cmocka_unit_test(of_several_statements_the_last_one_answers),
        cmocka_unit_test(an_error_of_the_database_is_an_answer),
        cmocka_unit_test(an_ended_context_starts_nothing),
        cmocka_unit_test(a_prepared_statement_runs_under_each_context_anew),
        cmocka_unit_test(an_error_at_the_commit_of_a_statement_is_its_answer),
        cmocka_unit_test(what_libpq_refuses_is_an_answer_that_says_why),
        cmocka_unit_test(a_large_value_is_sent_while_answers_are_taken),
        cmocka_unit_test(
            the_server_has_the_deadline_for_as_long_as_the_statement),
        cmocka_unit_test(a_stricter_limit_of_the_session_stays),
        cmocka_unit_test(
            the_servers_limit_while_the_context_lives_is_an_answer),
        cmocka_unit_test(what_runs_in_no_transaction_is_for_exec),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
