/* SPDX-License-Identifier: MIT */

/* p1: libpq alone; its own cancel is PQcancel(). */

#define PEER "libpq"
#include "../questions/pq.h"

static PGconn *start_conn(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK)
        abort();
    return conn;
}

static void exec_text(PGconn *conn, const char *sql)
{
    PQclear(PQexec(conn, sql));
}

static void exec_params(PGconn *conn, const char *sql)
{
    PQclear(PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0));
}

/* The limit in a flight of its own, as one does by hand. */
static void exec_params_in_time(PGconn *conn, const char *sql)
{
    PQclear(PQexec(conn, "SET statement_timeout = 3600000"));
    exec_params(conn, sql);
}

static void get_ready(void)
{
}

static void cancel(PGconn *conn)
{
    char message[256];
    PGcancel *request = PQgetCancel(conn);
    PQcancel(request, message, sizeof message);
    PQfreeCancel(request);
}

static void exec_endless(PGconn *conn, const char *sql)
{
    PQclear(PQexec(conn, sql));
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {{"p1.pq", ask_pq, 10000}};
    char version[32];
    snprintf(version, sizeof version, "libpq %d", PQlibVersion());
    return ANSWER(argc, argv, version, questions);
}
