/*
 * A program that does not come to an end is given a tenth of a second, and its
 * children with it.
 *
 *     cc process.c -lbelay && ./a.out
 */
#include <belay/process.h>

#include <stdio.h>

static void run(const belay_ctx *ctx, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct belay_command command = {.argv = argv, .in = BELAY_NULL};
    struct belay_process_result result;

    int err = belay_process_run(ctx, &command, &result);
    if (err != 0)
        printf("stopped: %s; signal %d\n", belay_strerror(err), result.signal);
    else
        printf("exit code %d\n", result.exit_code);
}

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);

    run(NULL, "exit 3");
    run(ctx, "sleep 60 & sleep 60");
    run(ctx, "echo not started");

    belay_end(ctx);
    return 0;
}
