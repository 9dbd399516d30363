/*
 * A query without end is given a second, and the connection goes on.
 *
 *     cc sqlite.c $(pkg-config --cflags --libs belay-sqlite) && ./a.out
 */
#include <belay/sqlite.h>

#include <stdio.h>

static int query(const belay_ctx *ctx, sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;
    int result = belay_sqlite_prepare(ctx, db, sql, -1, &stmt, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = belay_sqlite_step(ctx, stmt);
        if (result == SQLITE_ROW)
            printf("%s\n", (const char *)sqlite3_column_text(stmt, 0));
    }
    if (result == SQLITE_INTERRUPT)
        printf("interrupted: %s\n", belay_strerror(belay_err(ctx)));
    else if (result != SQLITE_DONE)
        printf("failed: %s\n", sqlite3_errmsg(db));
    sqlite3_finalize(stmt);
    return result == SQLITE_DONE;
}

int main(void)
{
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return 1;

    belay_ctx *ctx = belay_with_timeout(NULL, 1 * BELAY_SECOND);
    query(ctx, db,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
          "SELECT count(*) FROM n");
    belay_end(ctx);

    bool is_fine = query(NULL, db, "SELECT 'and the connection goes on'");
    sqlite3_close(db);
    return is_fine ? 0 : 1;
}
