/* SPDX-License-Identifier: MIT */
#include "postgres_pool.h"

#include <belay/pq.h>

/* A pool, by the rules of Go's database/sql. */

TEST(what_was_given_back_is_used_again)
{
    struct belay_pq_pool *pool = open_pool(0, 0);

    int first = visit(pool);

    CHECK(visit(pool) == first);
    belay_pq_pool_close(pool);
}

TEST(no_more_stay_idle_than_are_wanted)
{
    struct belay_pq_pool *pool = open_pool(0, -1);

    int first = visit(pool);

    CHECK(visit(pool) != first);
    belay_pq_pool_close(pool);
}

TEST(what_is_too_old_is_not_kept)
{
    const struct belay_pq_limits limits = {.max_lifetime = 1};
    struct belay_pq_pool *pool = belay_pq_pool_open(postgres.conninfo, &limits);

    int first = visit(pool);

    CHECK(visit(pool) != first);
    belay_pq_pool_close(pool);
}

/* D1 */
TEST(an_ended_context_gets_nothing)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    belay_ctx *ctx = belay_with_cancel(NULL);
    visit(pool);
    belay_cancel(ctx);
    PGconn *conn;

    CHECK(belay_pq_pool_acquire(ctx, pool, &conn) == BELAY_CANCELED);

    CHECK(conn == NULL);
    belay_end(ctx);
    belay_pq_pool_close(pool);
}

/* --- Health -------------------------------------------------------------- */

/* D10 */
TEST(an_idle_one_that_has_died_is_replaced)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    int dead = visit(pool);
    terminate(dead);

    PGconn *conn = acquire(pool);

    CHECK(PQbackendPID(conn) != dead);
    CHECK(is_as_good_as_new(conn));
    belay_pq_pool_release(pool, conn);
    belay_pq_pool_close(pool);
}

TEST(one_that_died_outside_is_replaced)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    int dead = PQbackendPID(conn);
    terminate(dead);
    belay_pq_pool_release(pool, conn);

    CHECK(visit(pool) != dead);
    belay_pq_pool_close(pool);
}

/* D7 */
TEST(a_transaction_left_open_is_rolled_back)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    int pid = PQbackendPID(conn);
    do_sql(conn, "BEGIN");
    do_sql(conn, "CREATE TABLE undone(i int)");
    belay_pq_pool_release(pool, conn);

    conn = acquire(pool);

    CHECK(PQbackendPID(conn) == pid);
    CHECK(PQtransactionStatus(conn) == PQTRANS_IDLE);
    CHECK(ask(conn, "SELECT count(*) FROM pg_class "
                    "WHERE relname = 'undone'") == 0);
    belay_pq_pool_release(pool, conn);
    belay_pq_pool_close(pool);
}

TEST(a_statement_left_running_is_stopped)
{
    struct belay_pq_pool *pool = open_pool(1, 1);
    PGconn *conn = acquire(pool);
    int pid = PQbackendPID(conn);
    CHECK(PQsendQuery(conn, ENDLESS) == 1);
    belay_pq_pool_release(pool, conn);

    conn = acquire(pool);

    CHECK(PQbackendPID(conn) == pid);
    CHECK(is_as_good_as_new(conn));
    belay_pq_pool_release(pool, conn);
    belay_pq_pool_close(pool);
}

TEST(one_that_cannot_connect_says_why_and_leaves_its_place)
{
    const struct belay_pq_limits limits = {.max_open = 1};
    struct belay_pq_pool *pool =
        belay_pq_pool_open("host=127.0.0.1 port=1", &limits);
    for (int i = 0; i < 3; ++i) {
        PGconn *conn;
        CHECK(belay_pq_pool_acquire(NULL, pool, &conn) == 0);
        CHECK(strstr(PQerrorMessage(conn), "refused") != NULL);
        belay_pq_pool_release(pool, conn);
    }
    belay_pq_pool_close(pool);
}

TEST(a_pool_is_gone_with_the_last_of_its_connections)
{
    struct belay_pq_pool *pool = open_pool(4, 4);
    PGconn *conns[3];
    for (size_t i = 0; i < LENGTH(conns); ++i)
        conns[i] = acquire(pool);
    visit(pool); /* one is idle */

    belay_pq_pool_close(pool);
    for (size_t i = 0; i < LENGTH(conns); ++i)
        belay_pq_pool_release(pool, conns[i]);

    PGconn *observer = observe();
    await_answer(observer,
                 "SELECT count(*) FROM pg_stat_activity WHERE "
                 "backend_type = 'client backend'",
                 1);
    PQfinish(observer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_back_is_used_again),
        cmocka_unit_test(no_more_stay_idle_than_are_wanted),
        cmocka_unit_test(what_is_too_old_is_not_kept),
        cmocka_unit_test(an_ended_context_gets_nothing),
        cmocka_unit_test(an_idle_one_that_has_died_is_replaced),
        cmocka_unit_test(one_that_died_outside_is_replaced),
        cmocka_unit_test(a_transaction_left_open_is_rolled_back),
        cmocka_unit_test(a_statement_left_running_is_stopped),
        cmocka_unit_test(one_that_cannot_connect_says_why_and_leaves_its_place),
        cmocka_unit_test(a_pool_is_gone_with_the_last_of_its_connections),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
