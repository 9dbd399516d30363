/*
 * A basket that is waited for, but not for ever.
 *
 *     cc cond.c -lbelay && ./a.out
 */
#include <belay/sync.h>

#include <stdio.h>

struct basket {
    struct belay_mutex mutex;
    struct belay_cond filled;
    int apples;
};

static int take(const belay_ctx *ctx, struct basket *basket)
{
    int err = belay_mutex_lock(ctx, &basket->mutex);
    if (err != 0)
        return err;
    while (basket->apples == 0 && err == 0)
        err = belay_cond_wait(ctx, &basket->filled, &basket->mutex);
    if (err == 0)
        --basket->apples;
    belay_mutex_unlock(&basket->mutex);
    return err;
}

int main(void)
{
    struct basket basket = {BELAY_MUTEX_INIT, BELAY_COND_INIT, 1};
    belay_ctx *ctx = belay_with_timeout(NULL, 500 * BELAY_MILLISECOND);
    for (int i = 0; i < 2; ++i) {
        int err = take(ctx, &basket);
        printf("%s\n", err == 0 ? "an apple" : belay_strerror(err));
    }
    belay_end(ctx);
    return 0;
}
