/*
 * A loop that asked a flag asks a context, and its pause need not be short.
 *
 *     cc flag.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

/* Was: while (!stop) { poll_sensor(); usleep(100000); } */
static int watch_sensor(const belay_ctx *ctx)
{
    int err;
    do {
        printf("sensor read\n");
        err = belay_sleep(ctx, BELAY_MINUTE);
    } while (err == 0);
    return err;
}

int main(void)
{
    /* Was: stop = 1, from elsewhere. */
    belay_ctx *ctx = belay_with_timeout(NULL, 50 * BELAY_MILLISECOND);
    printf("%s\n", belay_strerror(watch_sensor(ctx)));
    belay_end(ctx);
    return 0;
}
