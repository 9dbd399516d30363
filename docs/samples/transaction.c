/*
 * A transaction in SQLite whose statement is interrupted, and what to do then.
 *
 *     cc transaction.c $(pkg-config --cflags --libs belay-sqlite) && ./a.out
 */
#include <belay/sqlite.h>

#include <stdio.h>

#define ENDLESS \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

/* All of sql, or nothing of it. */
static int transact(const belay_ctx *ctx, sqlite3 *db, const char *sql)
{
    int result = belay_sqlite_exec(ctx, db, "BEGIN", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = belay_sqlite_exec(ctx, db, sql, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = belay_sqlite_exec(ctx, db, "COMMIT", NULL, NULL, NULL);

    /* The ended context would refuse this, hence NULL. */
    if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
        belay_sqlite_exec(NULL, db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int main(void)
{
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return 1;
    transact(NULL, db, "CREATE TABLE t (i)");

    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    int result = transact(
        ctx, db, "INSERT INTO t VALUES (1);" ENDLESS "SELECT count(*) FROM n");
    printf("%s: %s\n", sqlite3_errstr(result), belay_strerror(belay_err(ctx)));
    belay_end(ctx);

    result = transact(NULL, db, "INSERT INTO t VALUES (2)");
    printf("%s: %d row\n", sqlite3_errstr(result), sqlite3_changes(db));
    sqlite3_close(db);
    return 0;
}
