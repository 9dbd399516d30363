/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

/* Transactions, and what can be said of a COMMIT. */

static PGconn *connect_with_table(void)
{
    PGconn *conn = connect_postgres();
    do_sql(conn, "SET client_min_messages = error");
    do_sql(conn, "DROP TABLE IF EXISTS t");
    do_sql(conn, "CREATE TABLE t(i int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    return conn;
}

static int rows(PGconn *conn)
{
    return ask(conn, "SELECT count(*) FROM t");
}

static void insert(const belay_ctx *ctx, PGconn *conn)
{
    PGresult *result;
    CHECK(belay_pq_exec(ctx, conn, "INSERT INTO t VALUES(1)", &result) == 0);
    CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
    PQclear(result);
}

TEST(what_was_committed_is_there)
{
    PGconn *conn = connect_with_table();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);

    CHECK(belay_pq_begin(ctx, conn) == 0);
    insert(ctx, conn);
    CHECK(belay_pq_commit(ctx, conn) == 0);

    CHECK(rows(conn) == 1);
    CHECK(is_as_good_as_new(conn));
    belay_end(ctx);
    PQfinish(conn);
}

TEST(a_transaction_has_the_deadline_it_began_with)
{
    PGconn *conn = connect_with_table();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    CHECK(belay_pq_begin(ctx, conn) == 0);

    int limit = ask(conn, "SELECT setting::int FROM pg_settings "
                          "WHERE name = 'statement_timeout'");

    CHECK(limit > 0 && limit <= 3600 * 1000 + 50);
    belay_pq_rollback(conn);
    CHECK(ask(conn, "SELECT setting::int FROM pg_settings "
                    "WHERE name = 'statement_timeout'") == 0);
    belay_end(ctx);
    PQfinish(conn);
}

/* SQ03 */
TEST(an_end_in_the_middle_leaves_a_transaction_to_roll_back)
{
    PGconn *conn = connect_with_table();
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_MILLISECOND);
    PGresult *result;
    CHECK(belay_pq_begin(NULL, conn) == 0);
    insert(NULL, conn);
    CHECK(belay_pq_exec(ctx, conn, ENDLESS, &result) ==
          BELAY_DEADLINE_EXCEEDED);
    CHECK(PQtransactionStatus(conn) == PQTRANS_INERROR);

    belay_pq_rollback(conn);

    CHECK(is_as_good_as_new(conn));
    CHECK(rows(conn) == 0);
    belay_end(ctx);
    PQfinish(conn);
}

/* D8 */
TEST(a_commit_after_the_end_rolls_back)
{
    PGconn *conn = connect_with_table();
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_pq_begin(ctx, conn) == 0);
    insert(ctx, conn);
    belay_cancel(ctx);

    CHECK(belay_pq_commit(ctx, conn) == BELAY_CANCELED);

    CHECK(is_as_good_as_new(conn));
    CHECK(rows(conn) == 0);
    belay_end(ctx);
    PQfinish(conn);
}

TEST(a_commit_of_what_has_failed_is_refused)
{
    PGconn *conn = connect_with_table();
    CHECK(belay_pq_begin(NULL, conn) == 0);
    insert(NULL, conn);
    PQclear(PQexec(conn, "SELECT 1 / 0"));

    CHECK(belay_pq_commit(NULL, conn) == BELAY_PQ_REFUSED);

    CHECK(rows(conn) == 0);
    PQfinish(conn);
}

TEST(a_commit_that_fails_is_refused_and_says_why)
{
    PGconn *conn = connect_with_table();
    CHECK(belay_pq_begin(NULL, conn) == 0);
    insert(NULL, conn);
    insert(NULL, conn);

    CHECK(belay_pq_commit(NULL, conn) == BELAY_PQ_REFUSED);

    CHECK(strstr(PQerrorMessage(conn), "duplicate key") != NULL);
    CHECK(rows(conn) == 0);
    PQfinish(conn);
}

TEST(a_beginning_that_is_not_possible_is_refused)
{
    PGconn *conn = connect_with_table();
    CHECK(belay_pq_begin(NULL, conn) == 0);
    PQclear(PQexec(conn, "SELECT 1 / 0"));

    CHECK(belay_pq_begin(NULL, conn) == BELAY_PQ_REFUSED);

    CHECK(strstr(PQerrorMessage(conn), "aborted") != NULL);
    PQfinish(conn);
}

/* A trigger that lasts: the COMMIT is under way when the end comes. */
#define SLOW_COMMIT \
    "CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS " \
    "$$ BEGIN PERFORM pg_sleep(%s); RETURN NULL; END $$; " \
    "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t " \
    "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()"

static int commit_slowly(PGconn *conn, const char *seconds)
{
    char sql[512];
    snprintf(sql, sizeof sql, SLOW_COMMIT, seconds);
    do_sql(conn, sql);
    struct canceler canceler;
    CHECK(belay_pq_begin(NULL, conn) == 0);
    insert(NULL, conn);
    start_canceler(&canceler);
    int err = belay_pq_commit(canceler.ctx, conn);
    await_answer(canceler.observer, BUSY_ONES, 0);
    join_canceler(&canceler);
    return err;
}

TEST(a_commit_is_not_canceled)
{
    PGconn *conn = connect_with_table();

    CHECK(commit_slowly(conn, "0.05") == 0);

    CHECK(rows(conn) == 1);
    CHECK(is_as_good_as_new(conn));
    PQfinish(conn);
}

TEST(a_commit_without_an_answer_is_in_doubt_and_the_connection_closed)
{
    PGconn *conn = connect_with_table();

    CHECK(commit_slowly(conn, "3600") == BELAY_PQ_IN_DOUBT);

    CHECK(PQstatus(conn) == CONNECTION_BAD);
    PQfinish(conn);
}

TEST(a_commit_that_nobody_can_be_asked_for_is_refused)
{
    PGconn *conn = connect_with_table();
    PGconn *observer = observe();
    CHECK(belay_pq_begin(NULL, conn) == 0);
    insert(NULL, conn);
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)",
             PQbackendPID(conn));
    CHECK(ask(observer, sql) == 1);
    PQclear(PQexec(conn, "SELECT 1"));

    CHECK(belay_pq_commit(NULL, conn) == BELAY_PQ_REFUSED);

    CHECK(rows(observer) == 0);
    PQfinish(observer);
    PQfinish(conn);
}

TEST(a_rollback_stops_what_is_under_way)
{
    PGconn *conn = connect_with_table();
    CHECK(PQenterPipelineMode(conn) == 1);
    CHECK(PQsendQueryParams(conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0));
    CHECK(PQsendQueryParams(conn, ENDLESS, 0, NULL, NULL, NULL, NULL, 0));
    CHECK(PQpipelineSync(conn) == 1);

    belay_pq_rollback(conn);

    CHECK(PQpipelineStatus(conn) == PQ_PIPELINE_OFF);
    CHECK(is_as_good_as_new(conn));
    PQfinish(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_is_there),
        cmocka_unit_test(a_transaction_has_the_deadline_it_began_with),
        cmocka_unit_test(
            an_end_in_the_middle_leaves_a_transaction_to_roll_back),
        cmocka_unit_test(a_commit_after_the_end_rolls_back),
        cmocka_unit_test(a_commit_of_what_has_failed_is_refused),
        cmocka_unit_test(a_commit_that_fails_is_refused_and_says_why),
        cmocka_unit_test(a_beginning_that_is_not_possible_is_refused),
        cmocka_unit_test(a_commit_is_not_canceled),
        cmocka_unit_test(
            a_commit_without_an_answer_is_in_doubt_and_the_connection_closed),
        cmocka_unit_test(a_commit_that_nobody_can_be_asked_for_is_refused),
        cmocka_unit_test(a_rollback_stops_what_is_under_way),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
