/*
 * A thread that is stopped in two steps: ask it, then wait for it.
 *
 *     cc -pthread 08_worker.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <pthread.h>
#include <stdio.h>

/* Lets go of the reference that was taken for it. */
static void *work(void *arg)
{
    const belay_ctx *ctx = arg;
    int err;
    do
        err = belay_sleep(ctx, 10 * BELAY_MILLISECOND); /* a piece of work */
    while (err == 0);

    printf("worker: %s, because %s\n", belay_strerror(err),
           belay_cause(ctx)->text);
    belay_unref(ctx);
    return NULL;
}

int main(void)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    pthread_t worker;
    const belay_ctx *theirs = belay_ref(ctx); /* before the thread exists */
    int err = pthread_create(&worker, NULL, work, (void *)theirs);
    if (err != 0) {
        fprintf(stderr, "worker: %s\n", belay_strerror(err));
        belay_unref(theirs);
        belay_end(ctx);
        return 1;
    }
    belay_sleep(ctx, 100 * BELAY_MILLISECOND);

    belay_cancel_cause(ctx, 0, "it is five o'clock"); /* does not wait */
    pthread_join(worker, NULL);                       /* this does */
    printf("main: the worker has stopped\n");

    belay_end(ctx);
    return 0;
}
