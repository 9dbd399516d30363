/* SPDX-License-Identifier: MIT */

/* What somebody does who has just found Belay; exits with 0 if it works. */

#include <belay/belay.h>

#include <stdio.h>
#include <string.h>

static int failures;

static void expect(int is_true, const char *what)
{
    if (is_true)
        return;
    printf("not so: %s\n", what);
    ++failures;
}

static void canceling(void)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);

    expect(belay_err(child) == 0, "a new context is live");
    expect(belay_cancel(parent), "the first cancel ends it");
    expect(belay_wait(child) == BELAY_CANCELED, "its child ends with it");
    expect(strcmp(belay_cause(child)->text, "context canceled") == 0,
           "the child knows why");

    belay_end(child);
    belay_end(parent);
}

static void timing_out(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_MILLISECOND);

    expect(belay_sleep(ctx, BELAY_MINUTE) == BELAY_DEADLINE_EXCEEDED,
           "a deadline ends a sleep");
    expect(belay_remaining(ctx) == 0, "nothing is left of it");

    belay_end(ctx);
}

int main(void)
{
    canceling();
    timing_out();
    return failures != 0;
}
