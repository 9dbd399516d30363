/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

/* Ends in the middle.  By the thousand, at random: test_pq_storm.c. */

static int stop(const belay_ctx *ctx, PGconn *conn)
{
    PGresult *result;
    int err = belay_pq_exec(ctx, conn, ENDLESS, &result);
    CHECK(err == 0 || result == NULL);
    PQclear(result);
    return err;
}

TEST(another_thread_stops_a_statement_and_the_connection_is_as_good_as_new)
{
    PGconn *conn = connect_postgres();
    struct canceler canceler;
    start_canceler(&canceler);

    CHECK(stop(canceler.ctx, conn) == BELAY_CANCELED);

    CHECK(ask(canceler.observer, BUSY_ONES) == 0);
    CHECK(is_as_good_as_new(conn));
    join_canceler(&canceler);
    PQfinish(conn);
}

/* A kick that comes before the server has begun is lost, and repeated. */
TEST(a_deadline_stops_whatever_it_meets)
{
    PGconn *conn = connect_postgres();
    for (int i = 0; i < 20; ++i) {
        belay_ctx *ctx =
            belay_with_timeout(NULL, i * 100 * BELAY_MICROSECOND + 1);
        CHECK(stop(ctx, conn) == BELAY_DEADLINE_EXCEEDED);
        CHECK(is_as_good_as_new(conn));
        belay_end(ctx);
    }
    PQfinish(conn);
}

TEST(with_parameters_the_same_holds)
{
    PGconn *conn = connect_postgres();
    const char *const values[] = {"3600"};
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    PGresult *result;

    CHECK(belay_pq_exec_params(ctx, conn, "SELECT pg_sleep($1)", 1, NULL,
                               values, NULL, NULL, 0,
                               &result) == BELAY_DEADLINE_EXCEEDED);

    CHECK(result == NULL);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

/* What the statement did before it was stopped is undone. */
TEST(a_stopped_statement_did_nothing)
{
    PGconn *conn = connect_postgres();
    do_sql(conn, "CREATE TEMP TABLE t(i int)");
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    PGresult *result;

    CHECK(belay_pq_exec(ctx, conn, "INSERT INTO t VALUES(1); " ENDLESS,
                        &result) == BELAY_DEADLINE_EXCEEDED);

    CHECK(PQstatus(conn) == CONNECTION_OK);
    CHECK(ask(conn, "SELECT count(*) FROM t") == 0);
    belay_end(ctx);
    PQfinish(conn);
}

/* --- The ways to the server ---------------------------------------------- */

#define CANCELERS \
    "SELECT count(*) FROM pg_stat_activity " \
    "WHERE application_name = 'belay cancel'"

TEST(connections_of_one_conninfo_cancel_over_one_more)
{
    PGconn *observer = observe();
    PGconn *one = connect_postgres();
    PGconn *two = connect_postgres();
    CHECK(ask(observer, CANCELERS) == 1);

    PQfinish(one);
    CHECK(ask(observer, CANCELERS) == 1);
    PQfinish(two);

    await_answer(observer, CANCELERS, 0);
    PQfinish(observer);
}

TEST(a_connection_of_others_is_canceled_by_libpqs_means)
{
    PGconn *conn = observe();
    struct canceler canceler;
    start_canceler(&canceler);

    CHECK(stop(canceler.ctx, conn) == BELAY_CANCELED);

    CHECK(is_as_good_as_new(conn));
    join_canceler(&canceler);
    PQfinish(conn);
}

TEST(without_the_second_connection_there_are_libpqs_means)
{
    PGconn *conn = connect_postgres();
    struct canceler canceler;
    start_canceler(&canceler);
    CHECK(ask(conn, "SELECT pg_terminate_backend(pid, 5000) FROM "
                    "pg_stat_activity WHERE application_name = "
                    "'belay cancel'") == 1);

    CHECK(stop(canceler.ctx, conn) == BELAY_CANCELED);

    CHECK(is_as_good_as_new(conn));
    join_canceler(&canceler);
    PQfinish(conn);
}

TEST(the_next_to_connect_brings_the_second_connection_back)
{
    PGconn *conn = connect_postgres();
    CHECK(ask(conn, "SELECT pg_terminate_backend(pid, 5000) FROM "
                    "pg_stat_activity WHERE application_name = "
                    "'belay cancel'") == 1);

    PGconn *next = connect_postgres();

    CHECK(ask(conn, CANCELERS) == 1);
    PQfinish(next);
    PQfinish(conn);
}

TEST(after_a_reset_canceling_goes_on)
{
    PGconn *conn = connect_postgres();
    PQreset(conn);
    struct canceler canceler;
    start_canceler(&canceler);

    CHECK(stop(canceler.ctx, conn) == BELAY_CANCELED);

    CHECK(is_as_good_as_new(conn));
    join_canceler(&canceler);
    PQfinish(conn);
}

/* --- Rows ---------------------------------------------------------------- */

static int count_rows(const belay_ctx *ctx, PGconn *conn, int *ret_count)
{
    PGresult *result;
    int err;
    while ((err = belay_pq_get_result(ctx, conn, &result)) == 0 &&
           result != NULL) {
        *ret_count += PQntuples(result);
        PQclear(result);
    }
    return err;
}

/* SQ01 */
TEST(an_end_between_two_rows_stops_the_rows)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_cancel(NULL);
    PGresult *row;
    CHECK(PQsendQuery(conn, "SELECT generate_series(1, 1000000000)") == 1);
    CHECK(PQsetSingleRowMode(conn) == 1);
    CHECK(belay_pq_get_result(ctx, conn, &row) == 0);

    belay_cancel(ctx);

    CHECK(PQresultStatus(row) == PGRES_SINGLE_TUPLE); /* SQ07: ours for good */
    PQclear(row);
    CHECK(belay_pq_get_result(ctx, conn, &row) == BELAY_CANCELED);
    CHECK(row == NULL);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

TEST(rows_that_have_come_to_their_end_say_so)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_cancel(NULL);
    int count = 0;
    CHECK(PQsendQuery(conn, "SELECT generate_series(1, 100)") == 1);
    CHECK(PQsetSingleRowMode(conn) == 1);
    CHECK(count_rows(ctx, conn, &count) == 0);
    CHECK(count == 100);

    belay_cancel(ctx);

    CHECK(count_rows(ctx, conn, &count) == 0);
    belay_end(ctx);
    PQfinish(conn);
}

/* --- Pipelines ----------------------------------------------------------- */

static void send(PGconn *conn, const char *sql)
{
    CHECK(PQsendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 1);
}

TEST(the_results_of_a_pipeline_come_one_by_one)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_cancel(NULL);
    PGresult *result;
    int rows = 0;
    CHECK(PQenterPipelineMode(conn) == 1);
    for (int i = 0; i < 50; ++i)
        send(conn, "SELECT 1");
    CHECK(PQpipelineSync(conn) == 1);

    do {
        CHECK(belay_pq_get_result(ctx, conn, &result) == 0);
        rows += PQntuples(result);
        PQclear(result);
    } while (PQtransactionStatus(conn) == PQTRANS_ACTIVE);

    CHECK(rows == 50);
    CHECK(PQexitPipelineMode(conn) == 1);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(an_end_stops_all_of_a_pipeline)
{
    PGconn *conn = connect_postgres();
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    PGresult *result;
    CHECK(PQenterPipelineMode(conn) == 1);
    for (int i = 0; i < 5; ++i) {
        send(conn, ENDLESS);
        CHECK(PQpipelineSync(conn) == 1);
    }
    send(conn, ENDLESS); /* and nobody asks for it */

    CHECK(belay_pq_get_result(ctx, conn, &result) == BELAY_DEADLINE_EXCEEDED);

    CHECK(PQexitPipelineMode(conn) == 1);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            another_thread_stops_a_statement_and_the_connection_is_as_good_as_new),
        cmocka_unit_test(a_deadline_stops_whatever_it_meets),
        cmocka_unit_test(with_parameters_the_same_holds),
        cmocka_unit_test(a_stopped_statement_did_nothing),
        cmocka_unit_test(connections_of_one_conninfo_cancel_over_one_more),
        cmocka_unit_test(a_connection_of_others_is_canceled_by_libpqs_means),
        cmocka_unit_test(without_the_second_connection_there_are_libpqs_means),
        cmocka_unit_test(the_next_to_connect_brings_the_second_connection_back),
        cmocka_unit_test(after_a_reset_canceling_goes_on),
        cmocka_unit_test(an_end_between_two_rows_stops_the_rows),
        cmocka_unit_test(rows_that_have_come_to_their_end_say_so),
        cmocka_unit_test(the_results_of_a_pipeline_come_one_by_one),
        cmocka_unit_test(an_end_stops_all_of_a_pipeline),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
