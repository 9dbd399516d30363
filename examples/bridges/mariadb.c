/*
 * MariaDB connects until a context ends: its functions in two halves, _start
 * and _cont, with belay_poll() between.  A query goes the same way.
 *
 * pkg-config: libmariadb
 *
 *     cc mariadb.c $(pkg-config --cflags --libs libmariadb belay) && ./a.out
 */
#include <belay/belay.h>

#include <mysql.h>
#include <stdio.h>

/* Waits for what the library waits for.  An ended context is a timeout to it:
   it unwinds, and the connection is lost. */
static int await_server(const belay_ctx *ctx, MYSQL *mysql, int wanted)
{
    struct pollfd asked = {mysql_get_socket(mysql), 0, 0};
    asked.events = (wanted & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : POLLIN;
    belay_duration timeout = -1;
    if (wanted & MYSQL_WAIT_TIMEOUT)
        timeout = mysql_get_timeout_value_ms(mysql) * BELAY_MILLISECOND;
    if (belay_poll(ctx, &asked, 1, timeout) <= 0)
        return MYSQL_WAIT_TIMEOUT;
    return wanted & ~MYSQL_WAIT_TIMEOUT;
}

/* 0; belay_err(ctx); or -EIO, and mysql_error() says why. */
static int connect_to(const belay_ctx *ctx, MYSQL *mysql, const char *host,
                      unsigned port)
{
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    MYSQL *connected = NULL;
    mysql_options(mysql, MYSQL_OPT_NONBLOCK, 0);
    int wanted = mysql_real_connect_start(&connected, mysql, host, NULL, NULL,
                                          NULL, port, NULL, 0);
    while (wanted != 0)
        wanted = mysql_real_connect_cont(&connected, mysql,
                                         await_server(ctx, mysql, wanted));
    if (connected != NULL)
        return 0;
    return belay_err(ctx) != 0 ? belay_err(ctx) : -EIO;
}

int main(void)
{
    MYSQL *mysql = mysql_init(NULL);
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);
    int err = connect_to(ctx, mysql, "127.0.0.1", 3306);
    printf("%s\n", err == -EIO ? mysql_error(mysql) : belay_strerror(err));
    belay_end(ctx);
    mysql_close(mysql);
    return 0;
}
