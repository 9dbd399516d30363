/* SPDX-License-Identifier: MIT */

/* s3: has it ended?  At depth 1 and 10, live, shared by threads, ended. */

#include "peer.h"

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

typedef bool check_fn(const node *at);

/*
 * As a check is used: a loop goes on until the answer is another one.
 * `check` is a constant at each use, and thus inlined where it can be.
 */
ALWAYS_INLINE double time_checks(check_fn *check, const node *at, size_t n)
{
    const bool answer = check(at);
    struct lap lap = {0, 0};
    size_t asked = 0;
    lap_begin(&lap);
    if (answer)
        while (asked < n && check(at))
            ++asked;
    else
        while (asked < n && !check(at))
            ++asked;
    lap_end(&lap);
    if (asked != n)
        abort();
    return (double)lap.total / (double)n;
}

struct checker {
    const node *at;
    size_t n;
    double (*run)(const node *at, size_t n);
    int cpu;
    double ns;
};

static void *check_on_a_thread(void *arg)
{
    struct checker *checker = (struct checker *)arg;
    pin(checker->cpu);
    checker->ns = checker->run(checker->at, checker->n);
    return NULL;
}

/* Two threads at once, each on a processor of its own. */
static double time_shared(double (*run)(const node *, size_t), const node *at,
                          size_t n)
{
    struct checker both[2] = {{at, n, run, 0, 0}, {at, n, run, 1, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i)
        pthread_create(&threads[i], NULL, check_on_a_thread, &both[i]);
    for (int i = 0; i < 2; ++i)
        pthread_join(threads[i], NULL);
    return (both[0].ns + both[1].ns) / 2;
}

static void time_at_depth(const char *key, double (*run)(const node *, size_t),
                          size_t depth, size_t n)
{
    node *path[10];
    char *arena = new_arena(depth);
    path[0] = make_root();
    for (size_t i = 1; i < depth; ++i)
        path[i] = make_child(place_in(arena, i), path[i - 1]);
    const node *at = path[depth - 1];

    char stem[64];
    snprintf(stem, sizeof stem, "%s.d%zu", key, depth);
    report(stem, "ns", run(at, n));
    report(key_of(stem, ".shared"), "ns", time_shared(run, at, n));
    cancel(path[0]);
    report(key_of(stem, ".ended"), "ns", run(at, n));

    for (size_t i = depth; i-- > 0;)
        give_back(path[i]);
    free(arena);
}

static double run_checks(const node *at, size_t n)
{
    return time_checks(has_ended, at, n);
}

static void ask_check(size_t n)
{
    time_at_depth("s3.check", run_checks, 1, unless_quick(n));
    time_at_depth("s3.check", run_checks, 10, unless_quick(n));
}
