/*
 * Fifty milliseconds for each try, and so many tries as fit into the budget.
 *
 *     cc retry.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

/* Hangs, but for the third time. */
static int ask(const belay_ctx *ctx, int try)
{
    return try == 3 ? 0 : belay_sleep(ctx, BELAY_HOUR);
}

static int ask_again_and_again(const belay_ctx *ctx)
{
    for (int try = 1;; ++try) {
        belay_ctx *once = belay_with_timeout(ctx, 50 * BELAY_MILLISECOND);
        int err = ask(once, try);
        belay_end(once);
        printf("try %d: %s\n", try, err == 0 ? "fine" : belay_strerror(err));

        if (err == 0 || belay_err(ctx) != 0)
            return err; /* an answer, or the caller's time is over */

        err = belay_sleep(ctx, try * 10 * BELAY_MILLISECOND);
        if (err != 0)
            return err;
    }
}

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    int err = ask_again_and_again(ctx);
    belay_end(ctx);
    return err == 0 ? 0 : 1;
}
