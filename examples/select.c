/*
 * Lines from the keyboard and ticks, whichever comes first, for three seconds.
 *
 *     cc select.c -lbelay && ./a.out
 */
#include <belay/select.h>

#include <stdio.h>
#include <unistd.h>

enum { LINE, TICK, CASES };

static int chat(const belay_ctx *ctx)
{
    struct belay_case cases[CASES];
    char text[128];
    cases[LINE] = belay_case_fd(STDIN_FILENO, POLLIN);
    cases[TICK] = belay_case_after(BELAY_SECOND);
    for (;;) {
        int which = belay_select(ctx, cases, CASES);
        if (which < 0)
            return which;
        if (which == TICK) {
            puts("tick");
            cases[TICK] = belay_case_after(BELAY_SECOND);
            continue;
        }
        ssize_t length = read(STDIN_FILENO, text, sizeof text);
        if (length <= 0)
            cases[LINE] = belay_case_fd(-1, 0); /* no more lines */
        else
            printf("you said: %.*s", (int)length, text);
    }
}

int main(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 3 * BELAY_SECOND);
    int err = chat(ctx);
    printf("%s\n", belay_strerror(err));
    belay_end(ctx);
    return 0;
}
