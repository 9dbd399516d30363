/*
 * Two operations that need each other: when the first fails, the second is
 * halted at once instead of finishing work that nobody can use.
 *
 *     cc -pthread article_2_emit.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <pthread.h>
#include <stdio.h>

/* Fails after a while; a real one would have tried something first. */
static int operation1(const belay_ctx *ctx)
{
    int err = belay_sleep(ctx, 100 * BELAY_MILLISECOND);
    return err != 0 ? err : -EIO;
}

static void operation2(const belay_ctx *ctx)
{
    if (belay_sleep(ctx, 500 * BELAY_MILLISECOND) == 0)
        printf("done\n");
    else
        printf("halted operation2\n");
}

/* Holds the right to cancel: operation1() itself has only that to ask. */
static void *run_operation1(void *arg)
{
    belay_ctx *ctx = arg;
    int err = operation1(ctx);
    if (err != 0)
        belay_cancel_cause(ctx, err, "operation1 failed");
    return NULL;
}

int main(void)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_operation1, ctx) != 0)
        return 1;

    operation2(ctx);

    pthread_join(thread, NULL); /* it uses ctx, so ctx outlives it */
    belay_end(ctx);
    return 0;
}
