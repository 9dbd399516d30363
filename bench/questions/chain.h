/* SPDX-License-Identifier: MIT */

/* s5: cancel a chain of n levels from the top, per level. */

#include "peer.h"

static void run_chain(size_t n, node **chain, char *arena, struct lap *create,
                      struct lap *ending)
{
    lap_begin(create);
    chain[0] = make_root();
    for (size_t i = 1; i < n; ++i)
        chain[i] = make_child(place_in(arena, i), chain[i - 1]);
    lap_end(create);

    lap_begin(ending);
    cancel(chain[0]);
    lap_end(ending);

    if (!has_ended(chain[n - 1]))
        abort();
    for (size_t i = n; i-- > 0;)
        give_back(chain[i]);
}

static void time_chain(const char *stem, size_t n)
{
    node **chain = (node **)touched(n, sizeof *chain);
    char *arena = new_touched_arena(n);
    struct lap create = {0, 0};
    struct lap ending = {0, 0};
    run_chain(n, chain, arena, &create, &ending);
    create.total = ending.total = 0;

    size_t done = 0;
    do {
        run_chain(n, chain, arena, &create, &ending);
        done += n;
    } while (done < unless_quick(1000000));
    report_lap(key_of(stem, ".create"), &create, done);
    report_lap(key_of(stem, ".cancel"), &ending, done);
    free(chain);
    free(arena);
}

static void ask_chain(size_t n)
{
    char stem[64];
    snprintf(stem, sizeof stem, "s5.chain.%zu", n);
    time_chain(stem, n);
}
