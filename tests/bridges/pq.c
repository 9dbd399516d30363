/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include "../../examples/bridges/silent.h"

#include <belay/pq.h>

/* The server that says nothing is libpq's wait at its longest; what a real one
   does with a cancel is in tests/test_pq_cancel.c. */
TEST(an_end_interrupts_connecting)
{
    int port = 0;
    int server = listen_silently(&port);
    CHECK(server >= 0);
    char info[64];
    snprintf(info, sizeof info, "host=127.0.0.1 port=%d", port);
    belay_ctx *ctx = soon();

    PGconn *conn;
    int err = belay_pq_connect(ctx, info, &conn);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    char version[16];
    snprintf(version, sizeof version, "%d.%d", PQlibVersion() / 10000,
             PQlibVersion() % 10000);
    print_row(&(struct row){"libpq (connecting)", version,
                            "waits on a descriptor",
                            "`belay_pq_connect()`; for a query also a cancel "
                            "to the server, bounded in time",
                            "a name that is looked up; a server that does not "
                            "heed a cancel",
                            "`hostaddr`; the connection is discarded"},
              within);
    belay_end(ctx);
    PQfinish(conn);
    close(server);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_connecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
