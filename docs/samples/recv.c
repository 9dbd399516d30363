/*
 * A thread that waits for what never comes, and is stopped and joined.
 *
 *     cc -pthread recv.c -lbelay && ./a.out
 */
#include <belay/io.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct reader {
    const belay_ctx *ctx;
    int socket;
};

static void *read_on(void *arg)
{
    const struct reader *reader = arg;
    char data[256];
    ssize_t count;
    do
        count = belay_recv(reader->ctx, reader->socket, data, sizeof data, 0);
    while (count > 0);
    if (count < 0)
        printf("reader: %s\n", belay_strerror((int)count));
    return NULL;
}

static int read_for_a_while(int socket)
{
    pthread_t thread;
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct reader reader = {ctx, socket};
    int err = pthread_create(&thread, NULL, read_on, &reader);
    if (err == 0) {
        belay_sleep(NULL, 50 * BELAY_MILLISECOND); /* the program's real work */
        belay_cancel(ctx);
        pthread_join(thread, NULL); /* at once, not with the next message */
        printf("joined\n");
    }
    belay_end(ctx);
    return -err;
}

int main(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    int err = read_for_a_while(pair[0]);
    close(pair[0]);
    close(pair[1]);
    return err == 0 ? 0 : 1;
}
