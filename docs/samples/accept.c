/*
 * A thread in accept(), and a main program that wants to go home.
 *
 *     cc accept.c -lbelay && ./a.out
 */
#include <belay/group.h>
#include <belay/io.h>

#include <stdio.h>
#include <unistd.h>

static int serve(const belay_ctx *ctx, void *arg)
{
    int listener = *(int *)arg;
    for (;;) {
        int client = belay_accept(ctx, listener, NULL, NULL, SOCK_CLOEXEC);
        if (client == BELAY_CANCELED) {
            printf("no more clients\n");
            return 0;
        }
        if (client < 0)
            return client;
        close(client);
    }
}

int main(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr any = {.sa_family = AF_UNIX}; /* Linux finds a name */
    if (bind(listener, &any, sizeof any.sa_family) != 0 ||
        listen(listener, 16) != 0)
        return 1;

    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_group *group = belay_group_start(ctx, NULL);
    belay_group_go(group, serve, &listener);

    belay_cancel(ctx);
    printf("stopped: %d\n", belay_group_wait(group));

    belay_group_end(group);
    belay_end(ctx);
    close(listener); /* nobody waits for it any more */
    return 0;
}
