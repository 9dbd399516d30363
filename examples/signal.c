/*
 * Ctrl-C: the first stops taking new work, the second cuts what is running,
 * the third ends the program as if nobody had caught it.  Here, the program
 * presses it itself.
 *
 *     cc signal.c -lbelay && ./a.out
 */
#include <belay/signal.h>

#include <signal.h>
#include <stdio.h>

/* A job is finished once it has begun; only `hard` cuts it short. */
static int work(const belay_ctx *soft, const belay_ctx *hard)
{
    for (int job = 1; belay_err(soft) == 0; ++job) {
        printf("job %d begins\n", job);
        if (job == 2)
            raise(SIGINT);

        int err = belay_sleep(hard, 100 * BELAY_MILLISECOND);
        if (err != 0)
            return err;
        printf("job %d is done\n", job);
    }
    return 0;
}

int main(void)
{
    struct belay_signals signals;
    belay_signals_begin(&signals, NULL, NULL);

    int err = work(signals.soft, signals.hard);
    printf("%s: %s\n", err == 0 ? "drained" : "cut",
           belay_cause(signals.soft)->text);

    belay_signals_end(&signals);
    return err == 0 ? 0 : 1;
}
