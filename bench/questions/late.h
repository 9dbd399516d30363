/* SPDX-License-Identifier: MIT */

/* s10.late: how late 10,000 deadlines come that fall due within one second. */

enum { LATE_COUNT = 10000 };

static int64_t late_due[LATE_COUNT];
static int64_t late_by[LATE_COUNT];
static int late_told;

/* Called when the deadline of this number has been heard of. */
static inline void note_late(size_t number)
{
    late_by[number] = wall_ns() - late_due[number];
    __atomic_fetch_add(&late_told, 1, __ATOMIC_RELEASE);
}

/* Sets them 100 us apart, the first in half a second; armed out of order. */
static inline void plan_late(void)
{
    int64_t begin = wall_ns() + 500000000;
    for (size_t i = 0; i < LATE_COUNT; ++i)
        late_due[i] = begin + (int64_t)(i * 7919 % LATE_COUNT) * 100000;
}

static inline bool all_told(void)
{
    return __atomic_load_n(&late_told, __ATOMIC_ACQUIRE) == LATE_COUNT;
}

/* Waits for all, and reports under `stem`, with the CPU time of the process. */
static inline void report_late(const char *stem)
{
    int64_t cpu = process_cpu_ns();
    int64_t give_up = wall_ns() + INT64_C(5000000000);
    while (!all_told() && wall_ns() < give_up)
        sleep_for(50000000);
    if (!all_told())
        abort();
    double spent = (double)(process_cpu_ns() - cpu) / 1e6;

    char name[64];
    snprintf(name, sizeof name, "%s.cpu", stem);
    report(name, "ms", spent);
    report_spread(stem, "us", late_by, LATE_COUNT, 1000);
}
