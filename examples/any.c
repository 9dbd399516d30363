/*
 * Work for two: it is in vain as soon as either is gone.
 *
 *     cc any.c -lbelay && ./a.out
 */
#include <belay/any.h>

#include <stdio.h>

int main(void)
{
    belay_ctx *request = belay_with_timeout(NULL, BELAY_MINUTE);
    belay_ctx *server = belay_with_cancel(NULL);
    const belay_ctx *const parents[] = {request, server};
    belay_ctx *ctx = belay_with_any(parents, 2);

    belay_cancel_cause(server, 0, "the server stops");

    printf("%s: %s\n", belay_strerror(belay_err(ctx)), belay_cause(ctx)->text);
    belay_end(ctx);
    belay_end(server);
    belay_end(request);
    return 0;
}
