/*
 * A library that asks an `int (*)(void *)` whether it should stop needs no
 * adapter: belay_stopped() is one.
 *
 *     cc 07_stop_hook.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

/* The library: it has never heard of contexts.  Looks for a number of Collatz
   that does not come down to 1, and returns 0 if told to stop before. */
static unsigned long find_stray(int (*stop)(void *), void *arg)
{
    for (unsigned long start = 2; start != 0; ++start) {
        unsigned long n = start;
        for (int steps = 0; n >= start; ++steps) {
            if (steps == 10000)
                return start;
            n = n % 2 == 0 ? n / 2 : 3 * n + 1;
        }
        if (stop(arg))
            return 0;
    }
    return 0;
}

/* Your side: all of the bridge is in one line. */
static int search(const belay_ctx *ctx, unsigned long *ret_stray)
{
    *ret_stray = find_stray(belay_stopped, (void *)ctx);
    return *ret_stray != 0 ? 0 : belay_err(ctx);
}

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 200 * BELAY_MILLISECOND);

    unsigned long stray;
    int err = search(ctx, &stray);
    if (err != 0)
        printf("gave up: %s\n", belay_strerror(err));
    else
        printf("found: %lu\n", stray);

    belay_end(ctx);
    return 0;
}
