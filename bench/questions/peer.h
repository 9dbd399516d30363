/* SPDX-License-Identifier: MIT */
#ifndef BENCH_QUESTIONS_PEER_H
#define BENCH_QUESTIONS_PEER_H

/*
 * The questions of this folder are asked of every peer in the same words.  A
 * peer defines, before it includes them, whichever of these they use:
 *
 *     node                     a context, or what comes nearest to one
 *     PLACE_SIZE               bytes of the caller's storage for a child; 0:
 *                              none, it comes from the heap
 *     make_root()              always from the heap
 *     make_child(place, parent)
 *     make_timeout_child(place, parent, ns)
 *     cancel(node)             ends it and all below
 *     give_back(node)          once it has ended
 *     finish(node)             cancel and give back, as the peer does it best
 *     has_ended(node)
 *     HOOK_SIZE                bytes of storage for a callback
 *     hook_on(place, node)     a callback that adds one to `told`; the place
 *                              is zeros or was used for one before
 *     hook_off(place)
 */

enum {
    NODE_SPACE = (PLACE_SIZE + 15) / 16 * 16,
    NODE_IS_PLACED = PLACE_SIZE > 0
};

/* Storage for `count` children, of which nothing has been touched. */
static inline char *new_arena(size_t count)
{
    size_t size = NODE_IS_PLACED ? count * NODE_SPACE : 1;
    return (char *)need(calloc(1, size));
}

static inline char *new_touched_arena(size_t count)
{
    char *arena = new_arena(count);
    memset(arena, 1, NODE_IS_PLACED ? count * NODE_SPACE : 1);
    return arena;
}

static inline void *place_in(char *arena, size_t i)
{
    return arena + i * NODE_SPACE;
}

#endif
