/*
 * Jobs, a bell when there is none, until the context ends.
 *
 *     cc select.c -lbelay && ./a.out
 */
#include <belay/select.h>

#include <stdio.h>

enum { JOB, BELL, CASES };

static int serve(const belay_ctx *ctx, struct belay_channel *jobs)
{
    int job;
    struct belay_case cases[CASES];
    cases[JOB] = belay_case_recv(jobs, &job);
    cases[BELL] = belay_case_after(10 * BELAY_MILLISECOND);
    for (;;) {
        int which = belay_select_first(ctx, cases, CASES);
        if (which < 0)
            return which;
        if (which == JOB) {
            printf("job %d\n", job);
        } else {
            printf("the bell\n");
            cases[BELL] = belay_case_after(BELAY_HOUR);
        }
    }
}

int main(void)
{
    struct belay_channel *jobs = belay_channel_make(sizeof(int), 2);
    belay_ctx *ctx = belay_with_timeout(NULL, 1 * BELAY_SECOND);
    for (int job = 1; job <= 2; ++job)
        if (belay_channel_send(ctx, jobs, &job) != 0)
            return 1;

    printf("%s\n", belay_strerror(serve(ctx, jobs)));

    belay_end(ctx);
    belay_channel_end(jobs);
    return 0;
}
