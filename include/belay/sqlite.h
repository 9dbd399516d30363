/* SPDX-License-Identifier: MIT */
#ifndef BELAY_SQLITE_H
#define BELAY_SQLITE_H

/*
 * SQLite's own functions, each with a context in front: SQLITE_INTERRUPT as
 * soon as it has ended, also while waiting for another connection's lock.
 *
 *     int result = belay_sqlite_step(ctx, stmt);
 *     if (result == SQLITE_INTERRUPT)
 *         return belay_err(ctx);
 *
 * Threads: as for the connection, which serves one operation at a time.  The
 * context may be ended from anywhere.  A NULL context is SQLite as it is.
 *
 * The progress handler is set for each operation and is gone after it, along
 * with any set before: SQLite cannot say what it was.  The connection's
 * sqlite3_busy_timeout() is kept to, and is there afterwards; a busy handler
 * of your own stays in place, and does not know the context.
 *
 * Nothing remains on the connection, and the next operation has its own
 * context.  In a transaction, an interrupted write has rolled back all of it,
 * any other interrupted statement none (sqlite3_get_autocommit() tells): undo
 * it with a NULL context, for the ended one refuses that, too.
 *
 * Inside a function that SQLite calls, use sqlite3_step(): what is set for the
 * statement outside covers it.
 */

#include <belay/belay.h>

#include <sqlite3.h>

/*
 * As sqlite3_step(), for statements of sqlite3_prepare_v2() and later.  An
 * ended context starts nothing, and interrupts what is between two rows.  A
 * statement that has finished says so, whatever has become of the context.
 */
BELAY_API int belay_sqlite_step(const belay_ctx *ctx, sqlite3_stmt *stmt);

/*
 * As sqlite3_exec(); nothing is set while callback runs, so it may call all of
 * this.  *ret_message (may be NULL) is NULL, or yours to sqlite3_free().
 */
BELAY_API
int belay_sqlite_exec(const belay_ctx *ctx, sqlite3 *db, const char *sql,
                      int (*callback)(void *arg, int count, char **values,
                                      char **names),
                      void *arg, char **ret_message);

/* As sqlite3_prepare_v2(), which may have to wait to read the schema. */
BELAY_API
int belay_sqlite_prepare(const belay_ctx *ctx, sqlite3 *db, const char *sql,
                         int length, sqlite3_stmt **ret_stmt,
                         const char **ret_rest);

#endif
