/* SPDX-License-Identifier: MIT */

/* s1, s2, s10: a child, with a deadline, among a million others. */

#include "belay_node.h"
#include "questions/child.h"
#include "questions/timeout.h"

/* Two acts where one would do: canceled first, given back later. */
static void time_cancel_then_end(const char *key, size_t n)
{
    node *root = make_root();
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i) {
        node *child = belay_with_cancel(root);
        belay_cancel(child);
        belay_end(child);
    }
    lap_end(&lap);

    report_lap(key, &lap, n);
    belay_end(root);
}

static void ask_children(size_t n)
{
    ask_child(n);
    time_cancel_then_end("s1.child.cancel", unless_quick(n));
}

static void time_deadline_children(const char *key, size_t n)
{
    node *root = make_root();
    belay_time when = belay_now() + BELAY_HOUR;
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i)
        belay_end(belay_with_deadline(root, when));
    lap_end(&lap);

    report_lap(key, &lap, n);
    belay_end(root);
}

static void ask_timeout_children(size_t n)
{
    ask_timeout_child(n);
    time_deadline_children("s2.deadline_child", unless_quick(n));
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s1", ask_children, 1000000},
        {"s2", ask_timeout_children, 1000000},
        {"s10", ask_arm, 1000000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
