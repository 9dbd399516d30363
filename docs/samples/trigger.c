/*
 * A handler of one's own that cancels: here, for SIGUSR1.
 *
 *     cc trigger.c -lbelay && ./a.out
 */
#include <belay/signal.h>

#include <signal.h>
#include <stdio.h>

static struct belay_trigger usr1;

static void handle(int signal)
{
    (void)signal;
    belay_trigger_pull(&usr1);
}

int main(void)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int err = belay_trigger_begin(&usr1, ctx, 0, "asked to by SIGUSR1");
    if (err != 0) {
        belay_end(ctx);
        return 1;
    }
    signal(SIGUSR1, handle);
    raise(SIGUSR1);

    belay_wait(ctx);
    printf("%s\n", belay_cause(ctx)->text);

    signal(SIGUSR1, SIG_DFL); /* nobody pulls it any more ... */
    belay_trigger_end(&usr1); /* ... when it is given back */
    belay_end(ctx);
    return 0;
}
