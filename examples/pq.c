/*
 * A heavy query, and two seconds for it:
 *
 *     cc pq.c $(pkg-config --cflags --libs belay-pq) && ./a.out dbname=mine
 */
#include <belay/pq.h>

#include <stdio.h>

static int count(const belay_ctx *ctx, PGconn *conn, const char *up_to)
{
    PGresult *rows;
    int err = belay_pq_exec_params(
        ctx, conn, "SELECT count(*) FROM generate_series(1, $1::bigint)", 1,
        NULL, &up_to, NULL, NULL, 0, &rows);
    if (err != 0) {
        printf("up to %s: %s\n", up_to, belay_strerror(err));
        return err;
    }
    if (PQresultStatus(rows) == PGRES_TUPLES_OK)
        printf("up to %s: %s\n", up_to, PQgetvalue(rows, 0, 0));
    else
        printf("%s", PQresultErrorMessage(rows));
    PQclear(rows);
    return 0;
}

int main(int argc, char **argv)
{
    PGconn *conn;
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);
    int err = belay_pq_connect(ctx, argc > 1 ? argv[1] : "", &conn);
    if (err != 0) {
        printf("not connected: %s\n", belay_strerror(err));
    } else if (PQstatus(conn) != CONNECTION_OK) {
        printf("%s", PQerrorMessage(conn));
    } else {
        count(ctx, conn, "1000");
        count(ctx, conn, "100000000000"); /* hours */
        count(NULL, conn, "10");          /* the connection is as good as new */
    }
    PQfinish(conn);
    belay_end(ctx);
    return 0;
}
