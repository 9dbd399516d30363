/*
 * A transfer is done or canceled, and whoever comes too late is told.
 *
 *     cc commit.c -lbelay && ./a.out
 */
#include <belay/commit.h>

#include <stdio.h>

static void cancel(belay_ctx *op)
{
    if (belay_cancel(op))
        printf("canceled in time\n");
    else if (belay_cause(op)->code == BELAY_COMMITTED)
        printf("too late: it has been done\n");
}

static void transfer(belay_ctx *op)
{
    if (belay_commit(op))
        printf("the money is on its way\n");
    else
        printf("nothing done: %s\n", belay_strerror(belay_err(op)));
}

int main(void)
{
    belay_ctx *first = belay_with_cancel(NULL);
    transfer(first);
    cancel(first);
    belay_end(first);

    belay_ctx *second = belay_with_cancel(NULL);
    cancel(second);
    transfer(second);
    belay_end(second);
    return 0;
}
