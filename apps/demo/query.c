/* SPDX-License-Identifier: MIT */
#include "query.h"

#include <belay/sqlite.h>

#include <time.h>

#define FILL \
    "CREATE TABLE sale(id INTEGER PRIMARY KEY, customer INTEGER," \
    "                  amount INTEGER);" \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n" \
    "                        LIMIT 200000) " \
    "INSERT INTO sale SELECT i, i / 4000, i * 7919 % 10007 FROM n;" \
    "CREATE INDEX sale_by_customer ON sale(customer, amount);"

/* How far apart are two purchases of one customer, over the first ?1 sales? */
#define QUESTION \
    "SELECT count(*), avg(abs(a.amount - b.amount))" \
    "  FROM sale AS a JOIN sale AS b ON b.customer = a.customer" \
    " WHERE a.id <= ?1"

enum { TRIAL_SALES = 400 };

static sqlite3 *keeper; /* the database is gone with its last connection */
static double sales_per_ms;

static int open_connection(sqlite3 **ret_db)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
                SQLITE_OPEN_NOMUTEX;
    int result =
        sqlite3_open_v2("file:/belay-demo?vfs=memdb", ret_db, flags, NULL);
    if (result != SQLITE_OK)
        sqlite3_close(*ret_db);
    return result == SQLITE_OK ? 0 : -ENOMEM;
}

static int ask(const belay_ctx *ctx, sqlite3 *db, int sales,
               struct answer *ret_answer)
{
    sqlite3_stmt *stmt;
    int result = belay_sqlite_prepare(ctx, db, QUESTION, -1, &stmt, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_int(stmt, 1, sales);
        result = belay_sqlite_step(ctx, stmt);
    }
    if (result == SQLITE_ROW) {
        ret_answer->pairs = sqlite3_column_int64(stmt, 0);
        ret_answer->gap = sqlite3_column_double(stmt, 1);
    }
    sqlite3_finalize(stmt);
    if (result == SQLITE_INTERRUPT)
        return belay_err(ctx);
    return result == SQLITE_ROW ? 0 : -EIO;
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int database_open(void)
{
    int err = open_connection(&keeper);
    if (err != 0)
        return err;
    err = sqlite3_exec(keeper, FILL, NULL, NULL, NULL) != 0 ? -EIO : 0;

    struct answer ignored;
    double before = cpu_ms();
    if (err == 0)
        err = ask(NULL, keeper, TRIAL_SALES, &ignored);
    sales_per_ms = TRIAL_SALES / (cpu_ms() - before);
    if (err != 0)
        sqlite3_close(keeper);
    return err;
}

void database_close(void)
{
    sqlite3_close(keeper);
}

int query_run(const belay_ctx *ctx, int work_ms, struct answer *ret_answer)
{
    sqlite3 *db;
    int err = open_connection(&db);
    if (err != 0)
        return err;
    err = ask(ctx, db, (int)(work_ms * sales_per_ms) + 1, ret_answer);
    sqlite3_close(db);
    return err;
}
