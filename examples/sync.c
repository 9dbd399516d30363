/*
 * Six jobs, of which two run at a time; those that waited too long are refused.
 *
 *     cc -pthread sync.c -lbelay && ./a.out
 */
#include <belay/sync.h>

#include <pthread.h>
#include <stdio.h>

enum { JOBS = 6 };

static struct belay_semaphore slots = BELAY_SEMAPHORE_INIT(2);
static struct belay_wait_group jobs = BELAY_WAIT_GROUP_INIT;
static const belay_ctx *request;

static void *run(void *arg)
{
    int *ret_err = arg;
    *ret_err = belay_semaphore_acquire(request, &slots, 1);
    if (*ret_err == 0) {
        belay_sleep(NULL, 400 * BELAY_MILLISECOND);
        belay_semaphore_release(&slots, 1);
    }
    belay_wait_group_done(&jobs);
    return NULL;
}

int main(void)
{
    int results[JOBS], done = 0;
    belay_ctx *ctx = belay_with_timeout(NULL, 600 * BELAY_MILLISECOND);
    request = ctx;
    belay_wait_group_add(&jobs, JOBS);
    for (int i = 0; i < JOBS; ++i) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run, &results[i]) != 0)
            return 1;
        pthread_detach(thread);
    }

    int err = belay_wait_group_wait(NULL, &jobs);
    for (int i = 0; i < JOBS; ++i)
        done += results[i] == 0;
    printf("%d done, %d refused\n", done, JOBS - done);
    belay_end(ctx);
    return err;
}
