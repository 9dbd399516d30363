/*
 * A library that has users, and gets contexts without breaking one of them.
 *
 *     cc retrofit.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

/* The new function: as the old one, with a context in front. */
static int store_sum_ctx(const belay_ctx *ctx, const int *rows, int count,
                         long *ret_sum)
{
    long sum = 0;
    for (int i = 0; i < count; ++i) {
        if (i % 1024 == 0 && belay_err(ctx) != 0)
            return belay_err(ctx);
        sum += rows[i];
    }
    *ret_sum = sum;
    return 0;
}

/* The old one, for as long as anybody calls it. */
static int store_sum(const int *rows, int count, long *ret_sum)
{
    return store_sum_ctx(NULL, rows, count, ret_sum);
}

int main(void)
{
    static int rows[100000];
    long sum;
    rows[99999] = 7;

    int err = store_sum(rows, 100000, &sum);
    printf("old: %s, %ld\n", err == 0 ? "fine" : belay_strerror(err), sum);

    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);
    err = store_sum_ctx(ctx, rows, 100000, &sum);
    printf("new: %s\n", err == 0 ? "fine" : belay_strerror(err));
    belay_end(ctx);
    return 0;
}
