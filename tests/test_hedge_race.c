/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/hedge.h>

/* Attempts that answer at once. */

enum { COUNT = 3, ROUNDS = SANITIZED ? 200 : 2000 };

static int answer(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    return *(int *)arg;
}

TEST(of_all_that_answer_at_once_one_wins_and_none_goes_on)
{
    int codes[COUNT] = {0, 1, 2};
    struct belay_attempt attempts[COUNT];
    for (int i = 0; i < COUNT; ++i)
        attempts[i] = (struct belay_attempt){answer, &codes[i]};

    for (int round = 0; round < ROUNDS; ++round) {
        int winner = belay_race(NULL, attempts, COUNT);
        CHECK(winner >= 0 && winner < COUNT);
    }
}

TEST(one_that_succeeds_wins_whatever_fails_at_once)
{
    for (int round = 0; round < ROUNDS; ++round) {
        int codes[COUNT] = {-EIO, -EPIPE, -EBUSY};
        struct belay_attempt attempts[COUNT];
        for (int i = 0; i < COUNT; ++i)
            attempts[i] = (struct belay_attempt){answer, &codes[i]};
        codes[round % COUNT] = 0;

        CHECK(belay_hedge(NULL, attempts, COUNT, round % 2 * BELAY_SECOND) ==
              round % COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_all_that_answer_at_once_one_wins_and_none_goes_on),
        cmocka_unit_test(one_that_succeeds_wins_whatever_fails_at_once),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
