/* SPDX-License-Identifier: MIT */

/* s3: the check, inline and as the hook that other libraries call. */

#include "belay_node.h"
#include "questions/check.h"

static inline bool has_ended_by_call(const node *self)
{
    return belay_stopped((void *)self) != 0;
}

static double run_check_calls(const node *at, size_t n)
{
    return time_checks(has_ended_by_call, at, n);
}

static void ask_checks(size_t n)
{
    ask_check(n);
    time_at_depth("s3.check_call", run_check_calls, 1, unless_quick(n));
    time_at_depth("s3.check_call", run_check_calls, 10, unless_quick(n));
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s3", ask_checks, 50000000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
