/*
 * An answer takes ten seconds, and the client waits for one: the work stops
 * as soon as nobody is there to read it.
 *
 *     cc -pthread peer.c -lbelay && ./a.out
 */
#include <belay/peer.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void *be_an_impatient_client(void *arg)
{
    int *socket = arg;
    if (write(*socket, "What is six by nine?", 20) == 20)
        sleep(1);
    close(*socket);
    return NULL;
}

static void answer(const belay_ctx *ctx)
{
    int err = belay_sleep(ctx, 10 * BELAY_SECOND); /* as if thinking */
    if (err == 0)
        printf("forty-two\n");
    else
        printf("%s: %s\n", belay_strerror(err), belay_cause(ctx)->text);
}

int main(void)
{
    int sockets[2];
    pthread_t client;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 ||
        pthread_create(&client, NULL, be_an_impatient_client, &sockets[1]) != 0)
        return 1;

    belay_ctx *ctx = belay_with_peer(NULL, sockets[0], BELAY_FIN_ENDS);
    answer(ctx); /* it has not even read the question */
    belay_end(ctx);

    close(sockets[0]);
    pthread_join(client, NULL);
    return 0;
}
