/*
 * A queue with room for four jobs feeds two workers; closing it ends them.
 *
 *     cc -pthread channel.c -lbelay && ./a.out
 */
#include <belay/channel.h>

#include <pthread.h>
#include <stdio.h>

static struct belay_channel *jobs, *results;

static void *work(void *arg)
{
    int job, err = 0;
    while (err == 0 && belay_channel_recv(NULL, jobs, &job) == 0) {
        job *= job;
        err = belay_channel_send(NULL, results, &job);
    }
    return arg;
}

int main(void)
{
    jobs = belay_channel_make(sizeof(int), 4);
    results = belay_channel_make(sizeof(int), 10);
    belay_ctx *ctx = belay_with_timeout(NULL, 5 * BELAY_SECOND);
    pthread_t workers[2];
    for (int i = 0; i < 2; ++i)
        if (pthread_create(&workers[i], NULL, work, NULL) != 0)
            return 1;

    int err = 0, sum = 0, square;
    for (int job = 1; job <= 10 && err == 0; ++job)
        err = belay_channel_send(ctx, jobs, &job);
    belay_channel_close(jobs);
    for (int i = 0; i < 10 && err == 0; ++i, sum += square)
        err = belay_channel_recv(ctx, results, &square);
    printf("%s: %d\n", err == 0 ? "sum" : belay_strerror(err), sum);

    for (int i = 0; i < 2; ++i)
        pthread_join(workers[i], NULL);
    belay_channel_end(jobs);
    belay_channel_end(results);
    belay_end(ctx);
    return 0;
}
