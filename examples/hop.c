/*
 * A deadline that goes along with a request, to another process.
 *
 *     cc hop.c -lbelay && ./a.out
 */
#include <belay/hop.h>

#include <stdio.h>

/* What the other process does with the header that it has got. */
static void serve(const char *header)
{
    belay_ctx *ctx = belay_with_hop(NULL, BELAY_HOP_GRPC, header);
    if (belay_err(ctx) != 0)
        printf("refused: %s\n", belay_cause(ctx)->text);
    else if (belay_remaining(ctx) == BELAY_FOREVER)
        printf("served, for as long as it takes\n");
    else
        printf("served, with a deadline\n");
    belay_end(ctx);
}

/* What this one sends, less what it needs to pass the answer on. */
static void request(belay_duration left)
{
    const belay_duration reserve = 50 * BELAY_MILLISECOND;
    char text[32];
    if (left != BELAY_FOREVER)
        left -= reserve;
    int length = belay_hop_format(BELAY_HOP_GRPC, left, text, sizeof text);
    if (length > 0)
        printf("%s: %s\n", belay_hop_header(BELAY_HOP_GRPC), text);
    if (length < 0)
        printf("not sent: %s\n", belay_strerror(length));
    else
        serve(length > 0 ? text : NULL);
}

int main(void)
{
    request(60 * BELAY_SECOND); /* a program asks belay_remaining() */
    request(BELAY_FOREVER);
    request(20 * BELAY_MILLISECOND);
    serve("soon");
    return 0;
}
