/*
 * One connection of a server: it ends with the server, with its client, and
 * after a time; what it calls does not know which.
 *
 *     cc connection.c -lbelay && ./a.out
 */
#include <belay/io.h>
#include <belay/peer.h>

#include <stdio.h>
#include <unistd.h>

static int answer(const belay_ctx *ctx, int client)
{
    char question[128];
    ssize_t count = belay_read(ctx, client, question, sizeof question);
    if (count < 0)
        return (int)count;
    int err = belay_sleep(ctx, BELAY_HOUR); /* a heavy query */
    if (err != 0)
        return err;
    return belay_write_full(ctx, client, "42\n", 3, NULL);
}

static void serve(const belay_ctx *server, int client)
{
    belay_ctx *peer = belay_with_peer(server, client, BELAY_FIN_ENDS);
    belay_ctx *request = belay_with_timeout(peer, 30 * BELAY_SECOND);

    if (answer(request, client) != 0)
        printf("given up: %s\n", belay_cause(request)->text);

    belay_end(request);
    belay_end(peer); /* before the socket that it watches */
    close(client);
}

int main(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    if (write(pair[1], "6 * 9?\n", 7) != 7)
        return 1;
    close(pair[1]); /* the client does not wait for the answer */

    belay_ctx *server = belay_with_cancel(NULL);
    serve(server, pair[0]);
    belay_end(server);
    return 0;
}
