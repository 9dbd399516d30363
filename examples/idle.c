/*
 * A download may take as long as it likes, but not stall.
 *
 *     cc idle.c -lbelay && ./a.out
 */
#include <belay/idle.h>

#include <stdio.h>

/* Brings some bytes again and again, and then none. */
static int read_some(const belay_ctx *ctx, int turn)
{
    int err = belay_sleep(ctx, turn < 5 ? 10 * BELAY_MILLISECOND : BELAY_HOUR);
    return err != 0 ? err : 1000;
}

int main(void)
{
    belay_ctx *ctx = belay_with_idle(NULL, 1 * BELAY_SECOND);
    int total = 0;
    int count = 0;
    for (int turn = 0; (count = read_some(ctx, turn)) > 0; ++turn) {
        belay_progress(ctx, count);
        total += count;
    }

    printf("%d bytes, then %s: %s\n", total, belay_strerror(count),
           belay_cause(ctx)->text);
    belay_end(ctx);
    return 0;
}
