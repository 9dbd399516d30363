/* Sleeps for ten seconds, but has only one: cc hello.c -lbelay && ./a.out */
#include <belay/belay.h>
#include <stdio.h>

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 1 * BELAY_SECOND);
    int err = belay_sleep(ctx, 10 * BELAY_SECOND);
    printf("woken: %s\n", belay_strerror(err));
    belay_end(ctx);
    return 0;
}
