/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: libmariadb
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/mariadb.c"
#undef main
#include "../../examples/bridges/silent.h"

static int connect_to_silence(const belay_ctx *ctx)
{
    int port = 0;
    int server = listen_silently(&port);
    CHECK(server >= 0);
    MYSQL *mysql = mysql_init(NULL);
    int err = connect_to(ctx, mysql, "127.0.0.1", (unsigned)port);
    mysql_close(mysql);
    close(server);
    return err;
}

TEST(an_end_interrupts_the_wait_for_a_server)
{
    belay_ctx *ctx = soon();

    int err = connect_to_silence(ctx);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"MariaDB (connecting)", MARIADB_CLIENT_VERSION_STR,
                            "waits on a descriptor",
                            "`belay_poll()` between `_start` and `_cont`",
                            "a name that is looked up; a query on the server, "
                            "which goes on",
                            "an address; `KILL QUERY` by a second connection"},
              within);
    belay_end(ctx);
}

TEST(an_ended_context_connects_to_nothing)
{
    belay_ctx *ctx = already();
    CHECK(connect_to_silence(ctx) == BELAY_CANCELED);
    belay_end(ctx);
}

TEST(a_refusal_is_an_error_of_its_own)
{
    int port = 0;
    close(listen_silently(&port));
    MYSQL *mysql = mysql_init(NULL);
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK(connect_to(ctx, mysql, "127.0.0.1", (unsigned)port) == -EIO);

    CHECK(mysql_errno(mysql) != 0);
    belay_end(ctx);
    mysql_close(mysql);
}

int main(void)
{
    watchdog();
    mysql_library_init(0, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_the_wait_for_a_server),
        cmocka_unit_test(an_ended_context_connects_to_nothing),
        cmocka_unit_test(a_refusal_is_an_error_of_its_own),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mysql_library_end();
    return failed;
}
