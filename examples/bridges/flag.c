/*
 * A plain atomic flag, both ways.
 *
 *     cc flag.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdatomic.h>
#include <stdio.h>

/* Out: who ends the context sets the flag.  A watch on it, taken back with
   belay_unwatch() before the flag goes. */
static void set_flag(void *flag, int err)
{
    (void)err;
    atomic_store((atomic_int *)flag, 1);
}

static void watch_out(const belay_ctx *ctx, struct belay_watch *watch,
                      atomic_int *flag)
{
    if (!belay_watch(ctx, watch, set_flag, flag))
        set_flag(flag, belay_err(ctx));
}

/* In: a flag calls nobody, so somebody has to ask.  Returns belay_err(ctx),
   when that has ended or been canceled because of the flag. */
static int watch_in(belay_ctx *ctx, const atomic_int *flag)
{
    while (!atomic_load(flag))
        if (belay_sleep(ctx, 10 * BELAY_MILLISECOND) != 0)
            return belay_err(ctx);
    belay_cancel_cause(ctx, 0, "the flag is set");
    return belay_err(ctx);
}

int main(void)
{
    atomic_int flag = 0;
    struct belay_watch watch = {0};
    belay_ctx *first = belay_with_timeout(NULL, 50 * BELAY_MILLISECOND);
    belay_ctx *second = belay_with_cancel(NULL);
    watch_out(first, &watch, &flag);
    watch_in(second, &flag);
    printf("%s\n", belay_cause(second)->text);
    belay_unwatch(&watch);
    belay_end(second);
    belay_end(first);
    return 0;
}
