/*
 * An after-function may take locks: here it wakes a condition variable.
 *
 *     cc -pthread 05_after.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <pthread.h>
#include <stdio.h>

struct basket {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int apples;
};

static void wake(void *arg)
{
    struct basket *basket = arg;
    pthread_mutex_lock(&basket->lock);
    pthread_cond_broadcast(&basket->changed);
    pthread_mutex_unlock(&basket->lock);
}

static int take(const belay_ctx *ctx, struct basket *basket)
{
    struct belay_after *after = belay_after_func(ctx, wake, basket);
    if (after == NULL)
        return -ENOMEM;
    pthread_mutex_lock(&basket->lock);
    while (basket->apples == 0 && belay_err(ctx) == 0)
        pthread_cond_wait(&basket->changed, &basket->lock);
    int err = basket->apples > 0 ? 0 : belay_err(ctx);
    basket->apples -= err == 0;
    pthread_mutex_unlock(&basket->lock);
    belay_after_join(after); /* wake() will not touch basket any more */
    return err;
}

int main(void)
{
    struct basket basket = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                            1};
    belay_ctx *ctx = belay_with_timeout(NULL, 200 * BELAY_MILLISECOND);
    printf("first: %s\n", belay_strerror(take(ctx, &basket)));
    printf("second: %s\n", belay_strerror(take(ctx, &basket)));
    belay_end(ctx);
    return 0;
}
