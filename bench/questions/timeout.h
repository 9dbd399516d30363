/* SPDX-License-Identifier: MIT */

/* s2 and s10: what a deadline costs, alone and among a million. */

#include "peer.h"

static const int64_t HOUR = INT64_C(3600) * 1000000000;

static void ask_timeout_child(size_t n)
{
    n = unless_quick(n);
    node *root = make_root();
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i)
        finish(make_timeout_child(NULL, root, HOUR));
    lap_end(&lap);

    report_lap("s2.timeout_child", &lap, n);
    finish(root);
}

/* A duration between one hour and two, the same sequence for everybody. */
static int64_t far_off(void)
{
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return HOUR + (int64_t)(state % (uint64_t)HOUR);
}

static void ask_arm(size_t live)
{
    enum { BATCH = 10000, BATCHES = 10 };
    node *root = make_root();
    node **far = (node **)touched(live, sizeof *far);
    node **more = (node **)touched(BATCH, sizeof *more);
    for (size_t i = 0; i < live; ++i)
        far[i] = make_timeout_child(NULL, root, far_off());

    struct lap arm = {0, 0};
    struct lap stop = {0, 0};
    for (int batch = -1; batch < BATCHES; ++batch) {
        if (batch == 0) /* the one before only warmed the heap */
            arm.total = stop.total = 0;
        lap_begin(&arm);
        for (int i = 0; i < BATCH; ++i)
            more[i] = make_timeout_child(NULL, root, far_off());
        lap_end(&arm);
        lap_begin(&stop);
        for (int i = 0; i < BATCH; ++i)
            finish(more[i]);
        lap_end(&stop);
    }
    report_lap("s10.arm_1M", &arm, (size_t)BATCH * BATCHES);
    report_lap("s10.cancel_1M", &stop, (size_t)BATCH * BATCHES);

    for (size_t i = 0; i < live; ++i)
        finish(far[i]);
    finish(root);
}
