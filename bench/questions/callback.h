/* SPDX-License-Identifier: MIT */

/* s6.callback: register and take back; s9.inline: until it has run. */

#include "peer.h"

enum { HOOK_SPACE = (HOOK_SIZE + 15) / 16 * 16 };

static void ask_callback(size_t n)
{
    n = unless_quick(n);
    node *root = make_root();
    void *place = need(calloc(1, HOOK_SPACE));
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i) {
        hook_on(place, root);
        hook_off(place);
    }
    lap_end(&lap);

    report_lap("s6.callback", &lap, n);
    free(place);
    finish(root);
}

/*
 * The whole of a cancel that tells one callback, hence a little more than the
 * time until the callback runs, which no clock can see at this scale.
 */
static void ask_inline(size_t rounds)
{
    enum { COUNT = 1000 };
    node *nodes[COUNT];
    char *hooks = (char *)need(calloc(COUNT, HOOK_SPACE));
    struct lap lap = {0, 0};
    rounds = unless_quick(rounds);
    told = 0;

    for (size_t round = 0; round < rounds; ++round) {
        for (size_t i = 0; i < COUNT; ++i) {
            nodes[i] = make_root();
            hook_on(hooks + i * HOOK_SPACE, nodes[i]);
        }
        lap_begin(&lap);
        for (size_t i = 0; i < COUNT; ++i)
            cancel(nodes[i]);
        lap_end(&lap);
        for (size_t i = 0; i < COUNT; ++i) {
            hook_off(hooks + i * HOOK_SPACE);
            give_back(nodes[i]);
        }
    }
    if (told != rounds * COUNT)
        abort();
    report_lap("s9.inline", &lap, rounds * COUNT);
    free(hooks);
}
