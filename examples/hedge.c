/*
 * A slow server is given 20 ms; then another is asked the same.
 *
 *     cc hedge.c -lbelay && ./a.out
 */
#include <belay/hedge.h>

#include <stdio.h>

struct server {
    const char *name;
    belay_duration takes;
};

static int ask(const belay_ctx *ctx, void *arg)
{
    const struct server *server = arg;
    return belay_sleep(ctx, server->takes);
}

int main(void)
{
    struct server primary = {"primary", BELAY_HOUR};
    struct server replica = {"replica", BELAY_MILLISECOND};
    struct belay_attempt attempts[] = {{ask, &primary}, {ask, &replica}};
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);

    int winner = belay_hedge(ctx, attempts, 2, 20 * BELAY_MILLISECOND);

    if (winner >= 0)
        printf("answered by %s\n",
               ((struct server *)attempts[winner].arg)->name);
    else
        printf("no answer: %s\n", belay_strerror(winner));
    belay_end(ctx);
    return 0;
}
