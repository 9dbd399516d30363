/* SPDX-License-Identifier: MIT */

/*
 * Why not sqlite3_interrupt() from a watch?  It does nothing unless a statement
 * is already running, so an end that lands just before sqlite3_step() would be
 * lost; and it hits every statement of the connection.  The progress handler
 * is asked over and over, and cannot miss an end.
 */

#include <belay/sqlite.h>

enum {
    OPCODES_BETWEEN_LOOKS = 1000, /* well under a millisecond of work */
    LONGEST_NAP = 16 /* ms; another connection's lock wakes nobody up */
};

/* What SQLite's handlers work with during one operation. */
struct guard {
    const belay_ctx *ctx;
    sqlite3 *db;
    sqlite3_stmt *stmt;  /* NULL: preparing */
    int busy_timeout;    /* ms, the connection's; 0: not ours to wait */
    belay_time patience; /* when the present wait for a lock is over */
};

/*
 * SQLite also asks right after a statement has ended, with its write committed:
 * stopping there would report a failure of what has happened.
 */
static int is_to_stop(void *arg)
{
    const struct guard *guard = arg;
    if (belay_err(guard->ctx) == 0)
        return 0;
    return guard->stmt == NULL || sqlite3_stmt_busy(guard->stmt);
}

static int nap(void *arg, int count)
{
    struct guard *guard = arg;
    if (count == 0)
        guard->patience = belay_now() + guard->busy_timeout * BELAY_MILLISECOND;

    belay_duration left = guard->patience - belay_now();
    belay_duration longest =
        (count < 4 ? 1 << count : LONGEST_NAP) * BELAY_MILLISECOND;
    if (left <= 0)
        return 0;
    return belay_sleep(guard->ctx, left < longest ? left : longest) == 0;
}

/* Returns 0, too, where there is a busy handler that is not SQLite's own. */
static int busy_timeout_of(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, "PRAGMA busy_timeout", -1, &stmt, NULL) != 0)
        return 0;
    int timeout =
        sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return timeout;
}

static void arm(struct guard *guard)
{
    /* Locks are taken before the first row; and what has ended stops now. */
    if (!sqlite3_stmt_busy(guard->stmt))
        guard->busy_timeout = busy_timeout_of(guard->db);
    if (guard->busy_timeout > 0)
        sqlite3_busy_handler(guard->db, nap, guard);
    sqlite3_progress_handler(guard->db,
                             belay_err(guard->ctx) ? 1 : OPCODES_BETWEEN_LOOKS,
                             is_to_stop, guard);
}

static int disarm(struct guard *guard, int result)
{
    sqlite3_progress_handler(guard->db, 0, NULL, NULL);
    if (guard->busy_timeout > 0)
        sqlite3_busy_timeout(guard->db, guard->busy_timeout);
    bool is_busy = (result & 0xff) == SQLITE_BUSY;
    return is_busy && belay_err(guard->ctx) ? SQLITE_INTERRUPT : result;
}

int belay_sqlite_step(const belay_ctx *ctx, sqlite3_stmt *stmt)
{
    if (ctx == NULL || stmt == NULL)
        return sqlite3_step(stmt);
    if (belay_err(ctx) != 0 && !sqlite3_stmt_busy(stmt))
        return SQLITE_INTERRUPT;

    struct guard guard = {ctx, sqlite3_db_handle(stmt), stmt, 0, 0};
    arm(&guard);
    return disarm(&guard, sqlite3_step(stmt));
}

int belay_sqlite_prepare(const belay_ctx *ctx, sqlite3 *db, const char *sql,
                         int length, sqlite3_stmt **ret_stmt,
                         const char **ret_rest)
{
    if (ctx == NULL || db == NULL)
        return sqlite3_prepare_v2(db, sql, length, ret_stmt, ret_rest);
    *ret_stmt = NULL;
    if (belay_err(ctx) != 0)
        return SQLITE_INTERRUPT;

    struct guard guard = {ctx, db, NULL, 0, 0};
    arm(&guard);
    return disarm(&guard,
                  sqlite3_prepare_v2(db, sql, length, ret_stmt, ret_rest));
}

/* --- sqlite3_exec() ------------------------------------------------------ */

/* Gives a row's texts and, after them in the same array, its names. */
static int tell_row(sqlite3_stmt *stmt,
                    int (*callback)(void *, int, char **, char **), void *arg)
{
    int count = sqlite3_column_count(stmt);
    char **texts = sqlite3_malloc64(2 * (sqlite3_uint64)count * sizeof *texts);
    if (texts == NULL)
        return SQLITE_NOMEM;

    int result = SQLITE_OK;
    for (int i = 0; i < count; ++i) {
        texts[i] = (char *)sqlite3_column_text(stmt, i);
        texts[count + i] = (char *)sqlite3_column_name(stmt, i);
        bool is_null = sqlite3_column_type(stmt, i) == SQLITE_NULL;
        if (texts[count + i] == NULL || (texts[i] == NULL && !is_null))
            result = SQLITE_NOMEM;
    }
    if (result == SQLITE_OK && callback(arg, count, texts, texts + count) != 0)
        result = SQLITE_ABORT;
    sqlite3_free(texts);
    return result;
}

static int run(const belay_ctx *ctx, sqlite3_stmt *stmt,
               int (*callback)(void *, int, char **, char **), void *arg)
{
    int result;
    while ((result = belay_sqlite_step(ctx, stmt)) == SQLITE_ROW) {
        result = callback != NULL ? tell_row(stmt, callback, arg) : SQLITE_OK;
        if (result != SQLITE_OK)
            break;
    }
    sqlite3_finalize(stmt);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* Not by sqlite3_exec(): a script of short statements would never be asked. */
int belay_sqlite_exec(const belay_ctx *ctx, sqlite3 *db, const char *sql,
                      int (*callback)(void *, int, char **, char **), void *arg,
                      char **ret_message)
{
    if (ctx == NULL)
        return sqlite3_exec(db, sql, callback, arg, ret_message);

    int result = belay_err(ctx) != 0 ? SQLITE_INTERRUPT : SQLITE_OK;
    const char *rest = sql != NULL ? sql : "";
    while (result == SQLITE_OK && *rest != '\0') {
        sqlite3_stmt *stmt;
        result = belay_sqlite_prepare(ctx, db, rest, -1, &stmt, &rest);
        if (result == SQLITE_OK && stmt != NULL)
            result = run(ctx, stmt, callback, arg);
    }

    if (ret_message != NULL) {
        const char *message = sqlite3_errmsg(db);
        if ((sqlite3_errcode(db) ^ result) & 0xff)
            message = sqlite3_errstr(result);
        *ret_message = result != 0 ? sqlite3_mprintf("%s", message) : NULL;
    }
    return result;
}
