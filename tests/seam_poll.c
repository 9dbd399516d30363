/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "os/os.h"

/* What happens while belay_poll() sleeps: not before, and not after. */

static struct belay__seams real;
static int writing_end;
static int polls;

/* The first poll is the look whether anything is ready. */
static int write_when_asleep(struct pollfd *fds, nfds_t count, belay_time until)
{
    if (++polls == 2)
        CHECK(write(writing_end, "x", 1) == 1);
    return real.poll(fds, count, until);
}

TEST(what_becomes_ready_during_a_poll_is_told_of_each)
{
    for (int late = 0; late < 2; ++late) {
        int ends[2][2];
        CHECK(pipe(ends[0]) == 0 && pipe(ends[1]) == 0);
        struct pollfd asked[] = {{ends[0][0], POLLIN, -1},
                                 {ends[1][0], POLLIN, -1}};
        belay_ctx *ctx = belay_with_cancel(NULL);
        writing_end = ends[late][1];
        polls = 0;

        CHECK(belay_poll(ctx, asked, 2, -1) == 1);

        CHECK(asked[late].revents == POLLIN && asked[!late].revents == 0);
        belay_end(ctx);
        for (int i = 0; i < 4; ++i)
            close(ends[i / 2][i % 2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_becomes_ready_during_a_poll_is_told_of_each),
    };
    watchdog();
    real = belay__seams;
    belay__seams.poll = write_when_asleep;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
