/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include <belay/sqlite.h>

#define ENDLESS \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) " \
    "SELECT count(*) FROM n"

TEST(an_end_interrupts_a_query)
{
    sqlite3 *db;
    CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
    belay_ctx *ctx = soon();

    int result = belay_sqlite_exec(ctx, db, ENDLESS, NULL, NULL, NULL);
    belay_duration within = since_end(ctx);

    CHECK(result == SQLITE_INTERRUPT);
    print_row(&(struct row){"SQLite", SQLITE_VERSION, "asks",
                            "`belay_sqlite_step()`: a progress handler asks "
                            "every 1000 steps of its machine",
                            "one step on a very long text; a slow disk",
                            "short texts; a child process"},
              within);
    belay_end(ctx);
    CHECK(sqlite3_close(db) == SQLITE_OK);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_a_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
