/* SPDX-License-Identifier: MIT */
#include "stress.h"

/* --- Watches ------------------------------------------------------------ */

static void prepare_watch(void)
{
    s.ctx = belay_with_cancel(NULL);
    belay_watch(s.ctx, &s.watch, be_told, NULL);
}

static void take_back(void)
{
    int before = sleeps;
    s.taken = belay_unwatch(&s.watch);
    s.result = s.told;
    s.slept = sleeps != before;
    memset(&s.watch, 0xff, sizeof s.watch); /* it is ours again */
}

static int check_watch(void)
{
    MUST(s.won[1] && s.told == (s.taken ? 0 : 1) && s.result == s.told);
    MUST(s.taken || s.seen == 1);
    belay_end(s.ctx);
    return s.taken ? 0 : s.slept ? 2 : 1;
}

TEST(a_watch_is_taken_back_or_told)
{
    static const struct stress stress = {
        {"taken back", "told before", "told while it was awaited"},
        prepare_watch,
        cancel,
        take_back,
        check_watch};
    run(&stress);
}

static void take_back_inside(void *arg, int err)
{
    be_told(arg, err);
    s.again = belay_unwatch(&s.watch);
}

static void prepare_inside(void)
{
    s.ctx = belay_with_cancel(NULL);
    belay_watch(s.ctx, &s.watch, take_back_inside, NULL);
}

static void try_to_take_back(void)
{
    s.result = belay_try_unwatch(&s.watch);
}

static int check_inside(void)
{
    MUST(s.told == (s.result == 1 ? 0 : 1) && !s.again);
    MUST(belay_try_unwatch(&s.watch) == 0);
    belay_end(s.ctx);
    return s.result == 1 ? 0 : s.result == 0 ? 1 : 2;
}

TEST(a_watch_takes_itself_back_while_another_tries)
{
    static const struct stress stress = {
        {"taken back", "told before", "being told"},
        prepare_inside,
        cancel,
        try_to_take_back,
        check_inside};
    run(&stress);
}

static void watch_again(void *arg, int err)
{
    be_told(arg, err);
    s.again = belay_watch(s.parent, &s.watch, be_told, NULL);
}

static void prepare_again(void)
{
    s.ctx = belay_with_cancel(NULL);
    s.parent = belay_with_cancel(NULL);
    belay_watch(s.ctx, &s.watch, watch_again, NULL);
}

static void take_back_once(void)
{
    int before = sleeps;
    s.taken = belay_unwatch(&s.watch);
    s.result = s.seen; /* what fn did is visible, to whom it is over */
    s.slept = sleeps != before;
}

static int check_again(void)
{
    MUST(s.told == (s.again ? 1 : 0) && (s.taken || s.again));
    bool taken_anew = s.again && s.taken;
    MUST(belay_cancel(s.parent) &&
         s.told == (s.again && !s.taken ? 2 : s.told));
    belay_end(s.ctx);
    belay_end(s.parent);
    return !s.again ? 0 : taken_anew ? 1 : s.slept ? 2 : 3;
}

TEST(a_watch_used_again_inside_is_taken_back)
{
    static const struct stress stress = {
        {"the first", "the second", "let go by the second", "between them"},
        prepare_again,
        cancel,
        take_back_once,
        check_again};
    run(&stress);
}

/* --- After-functions ---------------------------------------------------- */

static void run_after(void *arg)
{
    be_told(arg, 0);
}

static void prepare_after(void)
{
    s.ctx = belay_with_cancel(NULL);
    s.after = belay_after_func(s.ctx, run_after, NULL);
}

static void join_after(void)
{
    int before = sleeps;
    spin((int)(roll() % 8) * 4000);
    s.taken = belay_after_join(s.after);
    s.slept = sleeps != before;
}

static int check_joined(void)
{
    MUST(s.told == (s.taken ? 0 : 1) && (s.taken || s.seen == 1));
    belay_end(s.ctx);
    return s.taken ? 0 : s.slept ? 1 : 2;
}

TEST(an_after_function_is_prevented_or_joined)
{
    static const struct stress stress = {{"prevented", "awaited", "over"},
                                         prepare_after,
                                         cancel,
                                         join_after,
                                         check_joined};
    run(&stress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_is_taken_back_or_told),
        cmocka_unit_test(a_watch_takes_itself_back_while_another_tries),
        cmocka_unit_test(a_watch_used_again_inside_is_taken_back),
        cmocka_unit_test(an_after_function_is_prevented_or_joined),
    };
    return run_stress(tests, LENGTH(tests));
}
