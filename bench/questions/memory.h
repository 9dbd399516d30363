/* SPDX-License-Identifier: MIT */

/*
 * s8: resident and allocator bytes of one of many children of one parent.
 * Nodes in the caller's storage include that storage; pointers to nodes from
 * the heap are not counted.
 */

#include "peer.h"

#include <malloc.h>

static inline size_t allocated_bytes(void)
{
#if defined(__GLIBC__)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static void weigh(const char *key, node *(*make)(void *place, node *parent),
                  size_t n)
{
    node *root = make_root();
    char *one = new_arena(1);
    finish(make(one, root)); /* whatever comes with the first is there now */
    node **nodes = (node **)touched(n, sizeof *nodes);

    size_t allocated = allocated_bytes();
    char *arena = new_arena(n);
    size_t resident = resident_bytes();
    for (size_t i = 0; i < n; ++i)
        nodes[i] = make(place_in(arena, i), root);
    report(key_of(key, ".rss"), "B",
           (double)(resident_bytes() - resident) / (double)n);
    if (allocated_bytes() > allocated)
        report(key_of(key, ".heap"), "B",
               (double)(allocated_bytes() - allocated) / (double)n);

    for (size_t i = 0; i < n; ++i)
        finish(nodes[i]);
    finish(root);
    free(arena);
    free(one);
    free(nodes);
}

static node *weighed_child(void *place, node *parent)
{
    return make_child(place, parent);
}

static void ask_memory(size_t n)
{
    weigh("s8.mem", weighed_child, n);
}
