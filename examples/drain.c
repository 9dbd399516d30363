/*
 * A server that stops taking requests, and lets those it has finish.
 *
 *     cc drain.c -lbelay && ./a.out
 */
#include <belay/drain.h>
#include <belay/group.h>

#include <stdio.h>

/* Knows of no stages: it stops when its context ends. */
static int serve(const belay_ctx *ctx, void *arg)
{
    (void)arg;
    int err = belay_sleep(ctx, BELAY_HOUR); /* what takes long */
    belay_ctx *cleanup = belay_with_cleanup(ctx, BELAY_SECOND);
    printf("cut, because %s; ", belay_cause(ctx)->text);
    printf("%s\n",
           belay_err(cleanup) == 0 ? "tidies up" : "no time to tidy up");
    belay_end(cleanup);
    return err;
}

static int accept_requests(const belay_ctx *ctx, void *arg)
{
    (void)arg;
    belay_ctx *accepting = belay_with_soft_end(ctx);
    belay_wait(accepting); /* where accept() would be */
    printf("no new requests: %s\n", belay_cause(accepting)->text);
    belay_end(accepting);
    return 0;
}

int main(void)
{
    belay_ctx *server = belay_with_drain(NULL);
    belay_group *group = belay_group_start(server, NULL);
    belay_group_go(group, accept_requests, NULL);
    belay_group_go(group, serve, NULL);

    belay_drain(server, 1 * BELAY_SECOND);

    printf("stopped: %s\n", belay_strerror(belay_group_wait(group)));
    belay_group_end(group);
    belay_end(server);
    return 0;
}
