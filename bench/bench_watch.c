/* SPDX-License-Identifier: MIT */

/* s6 and s9.inline: a watch and an after-function. */

#include "belay_node.h"
#include "questions/callback.h"

static void nothing_after(void *arg)
{
    (void)arg;
}

static void time_after(const char *key, size_t n)
{
    node *root = make_root();
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i) {
        struct belay_after *after = belay_after_func(root, nothing_after, NULL);
        if (!belay_after_stop(after))
            abort();
    }
    lap_end(&lap);

    report_lap(key, &lap, n);
    belay_end(root);
}

static void ask_callbacks(size_t n)
{
    ask_callback(n);
    time_after("s6.after", unless_quick(n));
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s6", ask_callbacks, 1000000},
        {"s9.inline", ask_inline, 1000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
