/* SPDX-License-Identifier: MIT */
#include "postgres.h"

#include <belay/pq.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#define CHECK_INTERVAL \
    "SELECT setting::int FROM pg_settings " \
    "WHERE name = 'client_connection_check_interval'"

TEST(a_connection_is_looked_after_from_both_sides)
{
    PGconn *conn = connect_postgres();
    int found = 0;
    CHECK(ask(conn, CHECK_INTERVAL) == 100);
    PQconninfoOption *options = PQconninfo(conn);
    for (PQconninfoOption *it = options; it->keyword != NULL; ++it)
        found += strcmp(it->keyword, "tcp_user_timeout") == 0 &&
                 strcmp(it->val, "120000") == 0;

    CHECK(found == 1);
    PQconninfoFree(options);
    PQfinish(conn);
}

TEST(what_the_program_says_in_conninfo_wins)
{
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo,
             "%s tcp_user_timeout=7 "
             "options='-c client_connection_check_interval=2000'",
             postgres.conninfo);
    PGconn *conn = dial(conninfo);
    int found = 0;
    PQconninfoOption *options = PQconninfo(conn);
    for (PQconninfoOption *it = options; it->keyword != NULL; ++it)
        found += strcmp(it->keyword, "tcp_user_timeout") == 0 &&
                 strcmp(it->val, "7") == 0;

    CHECK(found == 1);
    CHECK(ask(conn, CHECK_INTERVAL) == 2000);
    PQconninfoFree(options);
    PQfinish(conn);
}

static bool is_refused(const char *options, const char *words)
{
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo, "%s %s", postgres.conninfo, options);
    PGconn *conn;
    PGresult *result;
    CHECK(belay_pq_connect(NULL, conninfo, &conn) == 0);
    bool is_said = PQstatus(conn) == CONNECTION_BAD &&
                   strstr(PQerrorMessage(conn), words) != NULL;
    CHECK(belay_pq_exec(NULL, conn, "SELECT 1", &result) == 0);
    CHECK(PQresultStatus(result) == PGRES_FATAL_ERROR);
    PQclear(result);
    PQfinish(conn);
    return is_said;
}

TEST(who_cannot_connect_is_told_why)
{
    CHECK(is_refused("host=127.0.0.1 port=1", "refused"));
    CHECK(is_refused("user=locked password=wrong", "password"));
    CHECK(is_refused("user=nobody", "does not exist"));
    CHECK(is_refused("nonsense=1", "nonsense"));
}

/* The kernel accepts; nobody ever answers. */
TEST(connecting_to_who_never_answers_ends_with_the_context)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, (struct sockaddr *)&name, length) == 0);
    CHECK(listen(fd, 8) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
    char conninfo[64];
    snprintf(conninfo, sizeof conninfo, "host=127.0.0.1 port=%d",
             ntohs(name.sin_port));
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_MILLISECOND);
    PGconn *conn;

    CHECK(belay_pq_connect(ctx, conninfo, &conn) == BELAY_DEADLINE_EXCEEDED);

    CHECK(conn == NULL);
    belay_end(ctx);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_looked_after_from_both_sides),
        cmocka_unit_test(what_the_program_says_in_conninfo_wins),
        cmocka_unit_test(who_cannot_connect_is_told_why),
        cmocka_unit_test(connecting_to_who_never_answers_ends_with_the_context),
    };
    RUN_WITH_POSTGRES("plain", tests);
}
