/* SPDX-License-Identifier: MIT */
#include "stress.h"

/* --- Deadlines ---------------------------------------------------------- */

/* Until one is live when it is watched. */
static void prepare_deadline(void)
{
    for (;;) {
        s.ctx = belay_with_timeout(NULL, roll() % 30000);
        if (belay_watch(s.ctx, &s.watch, count_told, NULL))
            return;
        belay_end(s.ctx);
    }
}

static void look_on(void)
{
    while (s.told == 0)
        sched_yield();
}

static void cancel_soon(void)
{
    spin((int)(roll() % 20000));
    s.won[1] = belay_cancel_cause(s.ctx, -EPIPE, NULL);
}

static int check_deadline(void)
{
    MUST(belay_err(s.ctx) ==
         (s.won[1] ? BELAY_CANCELED : BELAY_DEADLINE_EXCEEDED));
    MUST(!belay_unwatch(&s.watch) && s.told == 1);
    belay_end(s.ctx);
    return s.won[1] ? 0 : 1;
}

TEST(a_deadline_fires_or_comes_too_late)
{
    static const struct stress stress = {{"canceled", "fired"},
                                         prepare_deadline,
                                         look_on,
                                         cancel_soon,
                                         check_deadline};
    run(&stress);
}

/* --- Waiting ------------------------------------------------------------ */

static void wait_for_end(void)
{
    int before = sleeps;
    s.result = belay_wait(s.ctx);
    s.seen = s.plain;
    s.slept = sleeps != before;
}

static int check_waiter(void)
{
    MUST(s.result == BELAY_CANCELED && s.seen == 1);
    belay_end(s.ctx);
    return s.slept ? 0 : 1;
}

TEST(a_waiter_is_woken_or_finds_it_over)
{
    static const struct stress stress = {{"woken", "over at once"},
                                         prepare_parent,
                                         cancel,
                                         wait_for_end,
                                         check_waiter};
    run(&stress);
}

static void cancel_late(void)
{
    spin((int)(roll() % 8000));
    cancel();
}

static void ask_for_fd(void)
{
    s.result = belay_fd(s.ctx);
    s.slept = is_readable(s.result);
}

static int check_fd(void)
{
    MUST(s.result >= 0 && is_readable(s.result));
    belay_end(s.ctx);
    return s.slept ? 1 : 0;
}

TEST(a_descriptor_is_made_before_the_end_or_after_it)
{
    static const struct stress stress = {
        {"before", "after"}, prepare_parent, cancel_late, ask_for_fd, check_fd};
    run(&stress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_fires_or_comes_too_late),
        cmocka_unit_test(a_waiter_is_woken_or_finds_it_over),
        cmocka_unit_test(a_descriptor_is_made_before_the_end_or_after_it),
    };
    return run_stress(tests, LENGTH(tests));
}
