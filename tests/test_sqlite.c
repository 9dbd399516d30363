/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/sqlite.h>

/* Counts for ever: only its context can stop it. */
#define ENDLESS \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) " \
    "SELECT count(*) FROM n"

#define UP_TO(last) \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n " \
    "LIMIT " last ") "

static sqlite3 *open_file(const char *path)
{
    sqlite3 *db;
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    return db;
}

static sqlite3 *open_memory(void)
{
    return open_file(":memory:");
}

/* Two connections to one database in memory. */
static sqlite3 *open_shared(const char *name)
{
    char uri[64];
    snprintf(uri, sizeof uri, "file:/%s?vfs=memdb", name);
    sqlite3 *db;
    CHECK(sqlite3_open_v2(uri, &db,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                              SQLITE_OPEN_URI,
                          NULL) == SQLITE_OK);
    return db;
}

static void execute(sqlite3 *db, const char *sql)
{
    CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;
    CHECK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    return stmt;
}

static int number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = prepare(db, sql);
    CHECK(sqlite3_step(stmt) == SQLITE_ROW);
    int result = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return result;
}

/* SQL: cancel_at(i, last) ends the context when i is last, and returns i. */
static void cancel_at(sqlite3_context *call, int count, sqlite3_value **values)
{
    (void)count;
    if (sqlite3_value_int(values[0]) == sqlite3_value_int(values[1]))
        belay_cancel((belay_ctx *)sqlite3_user_data(call));
    sqlite3_result_value(call, values[0]);
}

/* SQL: cancel() ends the context that is in the variable now. */
static void cancel(sqlite3_context *call, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    belay_ctx **ctx = sqlite3_user_data(call);
    belay_cancel(*ctx);
}

static void let_sql_cancel(sqlite3 *db, belay_ctx *ctx)
{
    CHECK(sqlite3_create_function(db, "cancel_at", 2, SQLITE_UTF8, ctx,
                                  cancel_at, NULL, NULL) == SQLITE_OK);
}

/* --- Stepping ------------------------------------------------------------ */

TEST(a_deadline_interrupts_a_running_statement)
{
    sqlite3 *db = open_memory();
    sqlite3_stmt *stmt = prepare(db, ENDLESS);
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);

    int result = belay_sqlite_step(ctx, stmt);

    CHECK(result == SQLITE_INTERRUPT);
    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
    sqlite3_finalize(stmt);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

static void *cancel_soon(void *arg)
{
    belay_sleep(NULL, 5 * BELAY_MILLISECOND);
    belay_cancel(arg);
    return NULL;
}

TEST(another_thread_interrupts_a_running_statement)
{
    sqlite3 *db = open_memory();
    sqlite3_stmt *stmt = prepare(db, ENDLESS);
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t canceler = start(cancel_soon, ctx);

    CHECK(belay_sqlite_step(ctx, stmt) == SQLITE_INTERRUPT);

    join(canceler);
    belay_end(ctx);
    sqlite3_finalize(stmt);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(an_ended_context_starts_nothing)
{
    sqlite3 *db = open_memory();
    execute(db, "CREATE TABLE t(i)");
    sqlite3_stmt *insert = prepare(db, "INSERT INTO t VALUES(1)");
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);

    sqlite3_stmt *stmt = insert;
    CHECK(belay_sqlite_step(ctx, insert) == SQLITE_INTERRUPT);
    CHECK(belay_sqlite_exec(ctx, db, "DROP TABLE t", NULL, NULL, NULL) ==
          SQLITE_INTERRUPT);
    CHECK(belay_sqlite_prepare(ctx, db, "SELECT 1", -1, &stmt, NULL) ==
          SQLITE_INTERRUPT);

    CHECK(stmt == NULL);
    CHECK(number(db, "SELECT count(*) FROM t") == 0);
    belay_end(ctx);
    sqlite3_finalize(insert);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(an_end_between_two_rows_interrupts_and_frees_the_lock)
{
    sqlite3 *db = open_memory();
    execute(db, "CREATE TABLE t(i); INSERT INTO t VALUES(1), (2), (3)");
    sqlite3_stmt *stmt = prepare(db, "SELECT i FROM t");
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_sqlite_step(ctx, stmt) == SQLITE_ROW);

    belay_cancel(ctx);

    CHECK(belay_sqlite_step(ctx, stmt) == SQLITE_INTERRUPT);
    CHECK(!sqlite3_stmt_busy(stmt));
    execute(db, "DROP TABLE t");
    belay_end(ctx);
    sqlite3_finalize(stmt);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(the_same_statement_and_connection_run_again_after_an_interruption)
{
    sqlite3 *db = open_memory();
    sqlite3_stmt *stmt = prepare(db, UP_TO("?1") "SELECT count(*) FROM n");
    for (int round = 0; round < 50; ++round) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
        sqlite3_bind_int64(stmt, 1, -1);
        CHECK(belay_sqlite_step(ctx, stmt) == SQLITE_INTERRUPT);
        belay_end(ctx);
        sqlite3_reset(stmt);

        belay_ctx *next = belay_with_cancel(NULL);
        sqlite3_bind_int64(stmt, 1, 5000);
        CHECK(belay_sqlite_step(next, stmt) == SQLITE_ROW);
        CHECK(sqlite3_column_int(stmt, 0) == 5000);
        CHECK(belay_sqlite_step(next, stmt) == SQLITE_DONE);
        belay_end(next);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(each_statement_of_a_connection_has_a_context_of_its_own)
{
    sqlite3 *db = open_memory();
    sqlite3_stmt *one = prepare(db, UP_TO("9000") "SELECT i FROM n");
    sqlite3_stmt *two = prepare(db, UP_TO("9000") "SELECT i FROM n");
    belay_ctx *first = belay_with_cancel(NULL);
    belay_ctx *second = belay_with_cancel(NULL);
    CHECK(belay_sqlite_step(first, one) == SQLITE_ROW);
    CHECK(belay_sqlite_step(second, two) == SQLITE_ROW);

    belay_cancel(first);

    int rows = 1;
    CHECK(belay_sqlite_step(first, one) == SQLITE_INTERRUPT);
    while (belay_sqlite_step(second, two) == SQLITE_ROW)
        ++rows;
    CHECK(rows == 9000);
    belay_end(first);
    belay_end(second);
    sqlite3_finalize(one);
    sqlite3_finalize(two);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(nothing_remains_on_the_connection_after_an_operation)
{
    sqlite3 *db = open_memory();
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_sqlite_exec(ctx, db, "CREATE TABLE t(i)", NULL, NULL, NULL) ==
          SQLITE_OK);

    belay_end(ctx); /* a handler left behind would use it below */

    CHECK(number(db, UP_TO("9000") "SELECT count(*) FROM n") == 9000);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

/* SQLite asks once more when a statement is over.  The count goes on from run
   to run of a statement, so that in some of these it asks just then. */
TEST(what_was_committed_is_never_called_interrupted)
{
    sqlite3 *db = open_memory();
    execute(db, "CREATE TABLE t(i)");
    belay_ctx *ctx = NULL;
    CHECK(sqlite3_create_function(db, "cancel", 0, SQLITE_UTF8, &ctx, cancel,
                                  NULL, NULL) == SQLITE_OK);
    sqlite3_stmt *stmt = prepare(db, "INSERT INTO t VALUES(cancel())");
    int rows = 0;
    for (int round = 0; round < 3000; ++round) {
        ctx = belay_with_cancel(NULL);
        rows += belay_sqlite_step(ctx, stmt) == SQLITE_DONE;
        CHECK(belay_err(ctx) == BELAY_CANCELED);
        CHECK(number(db, "SELECT count(*) FROM t") == rows);
        sqlite3_reset(stmt);
        belay_end(ctx);
    }
    sqlite3_finalize(stmt);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

/* --- Transactions -------------------------------------------------------- */

TEST(an_interrupted_write_rolls_its_transaction_back)
{
    sqlite3 *db = open_memory();
    execute(db, "CREATE TABLE t(i); BEGIN; INSERT INTO t VALUES(-1)");
    belay_ctx *ctx = belay_with_cancel(NULL);
    let_sql_cancel(db, ctx);

    int result = belay_sqlite_exec(
        ctx, db, UP_TO("9000") "INSERT INTO t SELECT cancel_at(i, 7) FROM n",
        NULL, NULL, NULL);

    CHECK(result == SQLITE_INTERRUPT);
    CHECK(sqlite3_get_autocommit(db));
    CHECK(number(db, "SELECT count(*) FROM t") == 0);
    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(a_refused_statement_leaves_its_transaction_open)
{
    sqlite3 *db = open_memory();
    execute(db, "CREATE TABLE t(i); BEGIN; INSERT INTO t VALUES(1)");
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);

    CHECK(belay_sqlite_exec(ctx, db, "COMMIT", NULL, NULL, NULL) ==
          SQLITE_INTERRUPT);

    CHECK(!sqlite3_get_autocommit(db));
    CHECK(belay_sqlite_exec(NULL, db, "ROLLBACK", NULL, NULL, NULL) ==
          SQLITE_OK);
    CHECK(number(db, "SELECT count(*) FROM t") == 0);
    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

/* --- Waiting for locks --------------------------------------------------- */

struct rivals {
    sqlite3 *holder; /* has the write lock */
    sqlite3 *waiter;
};

static struct rivals lock_database(const char *name)
{
    struct rivals rivals = {open_shared(name), open_shared(name)};
    execute(rivals.holder, "CREATE TABLE t(i); BEGIN EXCLUSIVE");
    return rivals;
}

static void close_rivals(struct rivals rivals)
{
    CHECK(sqlite3_close(rivals.waiter) == SQLITE_OK);
    CHECK(sqlite3_close(rivals.holder) == SQLITE_OK);
}

TEST(an_end_interrupts_the_wait_for_a_lock)
{
    struct rivals rivals = lock_database("an_end");
    sqlite3_busy_timeout(rivals.waiter, 3600 * 1000);
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);

    char *message;
    int result = belay_sqlite_exec(
        ctx, rivals.waiter, "INSERT INTO t VALUES(1)", NULL, NULL, &message);

    CHECK(result == SQLITE_INTERRUPT);
    CHECK(strcmp(message, sqlite3_errstr(SQLITE_INTERRUPT)) == 0);
    sqlite3_free(message);
    belay_end(ctx);
    close_rivals(rivals);
}

TEST(a_lock_is_waited_for_as_long_as_the_connection_says)
{
    struct rivals rivals = lock_database("patience");
    sqlite3_busy_timeout(rivals.waiter, 30);
    belay_ctx *ctx = belay_with_cancel(NULL);

    belay_time before = belay_now();
    int result = belay_sqlite_exec(ctx, rivals.waiter, "BEGIN IMMEDIATE", NULL,
                                   NULL, NULL);

    CHECK(result == SQLITE_BUSY);
    CHECK(belay_now() - before >= 30 * BELAY_MILLISECOND);
    CHECK(number(rivals.waiter, "PRAGMA busy_timeout") == 30);
    belay_end(ctx);
    close_rivals(rivals);
}

TEST(without_a_busy_timeout_a_lock_is_not_waited_for)
{
    struct rivals rivals = lock_database("at_once");
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_sqlite_exec(ctx, rivals.waiter, "BEGIN IMMEDIATE", NULL, NULL,
                            NULL) == SQLITE_BUSY);

    belay_end(ctx);
    close_rivals(rivals);
}

static void *unlock_soon(void *arg)
{
    belay_sleep(NULL, 20 * BELAY_MILLISECOND);
    return sqlite3_exec(arg, "COMMIT", NULL, NULL, NULL) ? arg : NULL;
}

TEST(a_lock_that_becomes_free_is_taken)
{
    struct rivals rivals = lock_database("free");
    sqlite3_busy_timeout(rivals.waiter, 3600 * 1000);
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t unlocker = start(unlock_soon, rivals.holder);

    CHECK(belay_sqlite_exec(ctx, rivals.waiter, "INSERT INTO t VALUES(1)", NULL,
                            NULL, NULL) == SQLITE_OK);

    CHECK(join(unlocker) == NULL);
    belay_end(ctx);
    close_rivals(rivals);
}

static int refuse_to_wait(void *arg, int count)
{
    (void)count;
    ++*(int *)arg;
    return 0;
}

TEST(a_busy_handler_of_the_program_stays_in_place)
{
    struct rivals rivals = lock_database("own_handler");
    int calls = 0;
    sqlite3_busy_timeout(rivals.waiter, 1000);
    sqlite3_busy_handler(rivals.waiter, refuse_to_wait, &calls);
    belay_ctx *ctx = belay_with_cancel(NULL);

    for (int i = 1; i <= 2; ++i) {
        CHECK(belay_sqlite_exec(ctx, rivals.waiter, "BEGIN IMMEDIATE", NULL,
                                NULL, NULL) == SQLITE_BUSY);
        CHECK(calls == i);
    }

    belay_end(ctx);
    close_rivals(rivals);
}

/* --- Scripts ------------------------------------------------------------- */

TEST(a_script_stops_between_its_statements)
{
    sqlite3 *db = open_memory();
    belay_ctx *ctx = belay_with_cancel(NULL);
    let_sql_cancel(db, ctx);

    CHECK(belay_sqlite_exec(ctx, db,
                            "CREATE TABLE t(i);"
                            "INSERT INTO t VALUES(cancel_at(1, 1));"
                            "INSERT INTO t VALUES(2);",
                            NULL, NULL, NULL) == SQLITE_INTERRUPT);

    CHECK(number(db, "SELECT max(i) FROM t") == 1);
    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

struct rows {
    const belay_ctx *ctx;
    sqlite3 *db;
    int count;
    int nested;
};

static int take_row(void *arg, int count, char **values, char **names)
{
    struct rows *rows = arg;
    ++rows->count;
    if (count != 2 || strcmp(names[0], "i") != 0 || values[1] != NULL)
        return 1;
    rows->nested += belay_sqlite_exec(rows->ctx, rows->db, "SELECT 1", NULL,
                                      NULL, NULL) == SQLITE_OK;
    return atoi(values[0]) == 3;
}

TEST(a_callback_gets_the_rows_and_may_use_the_connection_and_stop)
{
    sqlite3 *db = open_memory();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct rows rows = {ctx, db, 0, 0};

    char *message;
    int result = belay_sqlite_exec(
        ctx, db, " ; " UP_TO("9") "SELECT i, NULL FROM n; -- all", take_row,
        &rows, &message);

    CHECK(result == SQLITE_ABORT);
    CHECK(strcmp(message, sqlite3_errstr(SQLITE_ABORT)) == 0);
    CHECK(rows.count == 3 && rows.nested == 3);
    sqlite3_free(message);
    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

static int cancel_in_row(void *arg, int count, char **values, char **names)
{
    (void)count;
    (void)values;
    (void)names;
    belay_cancel(arg);
    return 0;
}

TEST(a_callback_that_cancels_gets_no_other_row)
{
    sqlite3 *db = open_memory();
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_sqlite_exec(ctx, db, UP_TO("9") "SELECT i FROM n",
                            cancel_in_row, ctx, NULL) == SQLITE_INTERRUPT);

    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(bad_sql_is_said_to_be_bad)
{
    sqlite3 *db = open_memory();
    belay_ctx *ctx = belay_with_cancel(NULL);

    char *message;
    CHECK(belay_sqlite_exec(ctx, db, "SELEC 1", NULL, NULL, &message) ==
          SQLITE_ERROR);
    CHECK(strstr(message, "SELEC") != NULL);
    sqlite3_free(message);
    CHECK(belay_sqlite_exec(ctx, db, "SELECT 1", NULL, NULL, &message) ==
          SQLITE_OK);
    CHECK(message == NULL);

    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST(a_null_context_or_handle_is_sqlite_as_it_is)
{
    sqlite3 *db = open_memory();
    sqlite3_stmt *stmt;
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(belay_sqlite_prepare(NULL, db, "SELECT 1", -1, &stmt, NULL) ==
          SQLITE_OK);
    CHECK(belay_sqlite_step(NULL, stmt) == SQLITE_ROW);
    CHECK(belay_sqlite_step(ctx, NULL) == SQLITE_MISUSE);
    CHECK(belay_sqlite_exec(ctx, NULL, "SELECT 1", NULL, NULL, NULL) ==
          SQLITE_MISUSE);

    sqlite3_finalize(stmt);
    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_interrupts_a_running_statement),
        cmocka_unit_test(another_thread_interrupts_a_running_statement),
        cmocka_unit_test(an_ended_context_starts_nothing),
        cmocka_unit_test(an_end_between_two_rows_interrupts_and_frees_the_lock),
        cmocka_unit_test(
            the_same_statement_and_connection_run_again_after_an_interruption),
        cmocka_unit_test(
            each_statement_of_a_connection_has_a_context_of_its_own),
        cmocka_unit_test(nothing_remains_on_the_connection_after_an_operation),
        cmocka_unit_test(what_was_committed_is_never_called_interrupted),
        cmocka_unit_test(an_interrupted_write_rolls_its_transaction_back),
        cmocka_unit_test(a_refused_statement_leaves_its_transaction_open),
        cmocka_unit_test(an_end_interrupts_the_wait_for_a_lock),
        cmocka_unit_test(a_lock_is_waited_for_as_long_as_the_connection_says),
        cmocka_unit_test(without_a_busy_timeout_a_lock_is_not_waited_for),
        cmocka_unit_test(a_lock_that_becomes_free_is_taken),
        cmocka_unit_test(a_busy_handler_of_the_program_stays_in_place),
        cmocka_unit_test(a_script_stops_between_its_statements),
        cmocka_unit_test(
            a_callback_gets_the_rows_and_may_use_the_connection_and_stop),
        cmocka_unit_test(a_callback_that_cancels_gets_no_other_row),
        cmocka_unit_test(bad_sql_is_said_to_be_bad),
        cmocka_unit_test(a_null_context_or_handle_is_sqlite_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
