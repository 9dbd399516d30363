/* SPDX-License-Identifier: MIT */

/* s1: derive a child under a live parent, cancel it, give it back. */

#include "peer.h"

static void time_children(const char *key, size_t n)
{
    node *root = make_root();
    char *place = new_arena(1);
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i)
        finish(make_child(place, root));
    lap_end(&lap);

    report_lap(key, &lap, n);
    free(place);
    finish(root);
}

/* The same for a peer that lives in the caller's storage, from the heap. */
static inline void time_children_on_heap(const char *key, size_t n)
{
    node *root = make_root();
    struct lap lap = {0, 0};

    lap_begin(&lap);
    for (size_t i = 0; i < n; ++i) {
        void *place = malloc(NODE_SPACE);
        finish(make_child(place, root));
        free(place);
    }
    lap_end(&lap);

    report_lap(key, &lap, n);
    finish(root);
}

static inline void ask_child(size_t n)
{
    n = unless_quick(n);
    time_children("s1.child", n);
    if (NODE_IS_PLACED)
        time_children_on_heap("s1.child_heap", n);
}
