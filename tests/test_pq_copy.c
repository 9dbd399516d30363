/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

static PGconn *start_copy(const char *sql, ExecStatusType expected)
{
    PGconn *conn = connect_postgres();
    do_sql(conn, "CREATE TEMP TABLE t(i int)");
    PGresult *result;
    CHECK(belay_pq_exec(NULL, conn, sql, &result) == 0);
    CHECK(PQresultStatus(result) == expected);
    PQclear(result);
    return conn;
}

static ExecStatusType finish(PGconn *conn)
{
    PGresult *result;
    PGresult *none;
    CHECK(belay_pq_get_result(NULL, conn, &result) == 0);
    CHECK(belay_pq_get_result(NULL, conn, &none) == 0);
    CHECK(none == NULL);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status;
}

TEST(rows_are_copied_in)
{
    PGconn *conn = start_copy("COPY t FROM STDIN", PGRES_COPY_IN);
    belay_ctx *ctx = belay_with_cancel(NULL);

    for (int i = 0; i < 1000; ++i)
        CHECK(belay_pq_put_copy_data(ctx, conn, "7\n", 2) == 0);
    CHECK(belay_pq_put_copy_end(ctx, conn, NULL) == 0);

    CHECK(finish(conn) == PGRES_COMMAND_OK);
    CHECK(ask(conn, "SELECT sum(i) FROM t") == 7000);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(a_complaint_undoes_what_was_copied_in)
{
    PGconn *conn = start_copy("COPY t FROM STDIN", PGRES_COPY_IN);
    CHECK(belay_pq_put_copy_data(NULL, conn, "7\n", 2) == 0);

    CHECK(belay_pq_put_copy_end(NULL, conn, "no more") == 0);

    CHECK(finish(conn) == PGRES_FATAL_ERROR);
    CHECK(ask(conn, "SELECT count(*) FROM t") == 0);
    PQfinish(conn);
}

TEST(an_end_undoes_what_was_copied_in)
{
    PGconn *conn = start_copy("COPY t FROM STDIN", PGRES_COPY_IN);
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_pq_put_copy_data(ctx, conn, "7\n", 2) == 0);
    belay_cancel(ctx);

    CHECK(belay_pq_put_copy_data(ctx, conn, "7\n", 2) == BELAY_CANCELED);

    CHECK(ask(conn, "SELECT count(*) FROM t") == 0);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

/* The server takes nothing for an hour: what is put comes to stand. */
TEST(an_end_stops_what_the_server_does_not_take)
{
    enum { LARGE = 1 << 20 };
    PGconn *conn = connect_postgres();
    do_sql(conn, "CREATE TEMP TABLE slow(i int CHECK(pg_sleep(3600) IS NULL))");
    PGresult *result;
    CHECK(belay_pq_exec(NULL, conn, "COPY slow FROM STDIN", &result) == 0);
    PQclear(result);
    char *data = malloc(LARGE);
    memset(data, '\n', LARGE);
    memcpy(data, "1", 1);
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);

    int err;
    while ((err = belay_pq_put_copy_data(ctx, conn, data, LARGE)) == 0)
        continue;

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    CHECK(is_as_good_as_new(conn));
    free(data);
    belay_end(ctx);
    PQfinish(conn);
}

#define COUNT_TO(last) "COPY (SELECT generate_series(1, " last ")) TO STDOUT"

TEST(rows_are_copied_out)
{
    PGconn *conn = start_copy(COUNT_TO("1000"), PGRES_COPY_OUT);
    belay_ctx *ctx = belay_with_cancel(NULL);
    char *row;
    int length, sum = 0;

    while ((length = belay_pq_get_copy_data(ctx, conn, &row)) > 0) {
        sum += atoi(row);
        PQfreemem(row);
    }

    CHECK(length == 0 && row == NULL);
    CHECK(sum == 500500);
    CHECK(finish(conn) == PGRES_COMMAND_OK);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(an_end_stops_what_is_copied_out)
{
    PGconn *conn = start_copy(COUNT_TO("1000000000"), PGRES_COPY_OUT);
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    char *row;
    int length;

    while ((length = belay_pq_get_copy_data(ctx, conn, &row)) > 0)
        PQfreemem(row);

    CHECK(length == BELAY_DEADLINE_EXCEEDED);
    CHECK(row == NULL);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

TEST(a_copy_that_is_not_there_is_refused)
{
    PGconn *conn = connect_postgres();
    char *row;

    CHECK(belay_pq_put_copy_data(NULL, conn, "7\n", 2) == -EIO);
    CHECK(strstr(PQerrorMessage(conn), "COPY") != NULL);
    CHECK(belay_pq_put_copy_end(NULL, conn, NULL) == -EIO);
    CHECK(belay_pq_get_copy_data(NULL, conn, &row) == -EIO);

    CHECK(is_as_good_as_new(conn));
    PQfinish(conn);
}

TEST(an_end_before_a_copy_has_begun_stops_it)
{
    PGconn *conn = connect_postgres();
    do_sql(conn, "CREATE TEMP TABLE t(i int)");
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(PQsendQuery(conn, "COPY t FROM STDIN") == 1);
    belay_cancel(ctx);
    PGresult *result;

    CHECK(belay_pq_get_result(ctx, conn, &result) == BELAY_CANCELED);

    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_copied_in),
        cmocka_unit_test(a_complaint_undoes_what_was_copied_in),
        cmocka_unit_test(an_end_undoes_what_was_copied_in),
        cmocka_unit_test(an_end_stops_what_the_server_does_not_take),
        cmocka_unit_test(rows_are_copied_out),
        cmocka_unit_test(an_end_stops_what_is_copied_out),
        cmocka_unit_test(a_copy_that_is_not_there_is_refused),
        cmocka_unit_test(an_end_before_a_copy_has_begun_stops_it),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
