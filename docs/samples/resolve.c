/*
 * A look-up that its caller does not wait for longer than it wants to.
 *
 *     cc resolve.c -lbelay && ./a.out
 */
#include <belay/resolve.h>

#include <stdio.h>

static int look_up(const belay_ctx *ctx, const char *host)
{
    struct addrinfo *list;
    int err = belay_resolve(ctx, host, "80", NULL, &list);
    if (err == 0)
        belay_resolve_free(list);
    return err;
}

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);
    int err = look_up(ctx, "127.0.0.1");
    printf("in time: %s\n", err == 0 ? "found" : belay_strerror(err));

    belay_cancel(ctx);
    err = look_up(ctx, "127.0.0.1");
    printf("too late: %s\n", err == 0 ? "found" : belay_strerror(err));

    belay_end(ctx);
    return 0;
}
