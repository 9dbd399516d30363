/* SPDX-License-Identifier: MIT */

/* s7: values, looked up at a depth, missed, and set. */

#include "belay_node.h"

enum { DEPTH = 100 };

static const struct belay_key keys[DEPTH + 1]; /* the last is never set */
static int stored;

static void time_lookup(const char *key, const belay_ctx *at,
                        const struct belay_key *wanted, size_t n)
{
    size_t found = 0;
    struct lap lap = {0, 0};
    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i) {
        void *value = NULL;
        found += belay_value(at, wanted, &value);
    }
    lap_end(&lap);
    if (found != (wanted == &keys[DEPTH] ? 0 : n))
        abort();
    report_lap(key, &lap, n);
}

static void time_with_value(const char *key, size_t n)
{
    node *root = make_root();
    struct lap lap = {0, 0};
    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i)
        belay_end(belay_with_value(root, &keys[0], &stored));
    lap_end(&lap);
    report_lap(key, &lap, n);
    belay_end(root);
}

static void ask_value(size_t n)
{
    n = unless_quick(n);
    belay_ctx *path[DEPTH];
    for (int i = 0; i < DEPTH; ++i)
        path[i] =
            belay_with_value(i > 0 ? path[i - 1] : NULL, &keys[i], &stored);

    time_lookup("s7.value.d1", path[0], &keys[0], n);
    time_lookup("s7.value.d10", path[9], &keys[0], n);
    time_lookup("s7.value.d100", path[DEPTH - 1], &keys[0], n);
    time_lookup("s7.value.miss", path[DEPTH - 1], &keys[DEPTH], n);
    time_with_value("s7.with_value", n);

    for (int i = DEPTH; i-- > 0;)
        belay_end(path[i]);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s7", ask_value, 5000000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
