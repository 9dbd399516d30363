/* SPDX-License-Identifier: MIT */

/* s4: cancel n children of one parent, per child. */

#include "peer.h"

struct fan {
    size_t n;
    bool from_heap; /* also what could live in the caller's storage */
    node **children;
    char *arena;
    struct lap create;
    struct lap cancel;
    struct lap give_back;
};

static inline void *place_of(const struct fan *fan, size_t i)
{
    return fan->from_heap ? malloc(NODE_SPACE) : place_in(fan->arena, i);
}

static void run_fan(struct fan *fan)
{
    node *root = make_root();

    lap_begin(&fan->create);
    for (size_t i = 0; i < fan->n; ++i)
        fan->children[i] = make_child(place_of(fan, i), root);
    lap_end(&fan->create);

    lap_begin(&fan->cancel);
    cancel(root);
    lap_end(&fan->cancel);

    lap_begin(&fan->give_back);
    for (size_t i = 0; i < fan->n; ++i) {
        give_back(fan->children[i]);
        if (fan->from_heap)
            free(fan->children[i]);
    }
    lap_end(&fan->give_back);
    give_back(root);
}

static void report_fan(const struct fan *fan, size_t done)
{
    const char *suffix = fan->from_heap ? "_heap" : "";
    struct lap total = fan->create;
    total.total += fan->cancel.total + fan->give_back.total;
    char key[64];
    snprintf(key, sizeof key, "s4.fan.%zu.create%s", fan->n, suffix);
    report_lap(key, &fan->create, done);
    snprintf(key, sizeof key, "s4.fan.%zu.cancel%s", fan->n, suffix);
    report_lap(key, &fan->cancel, done);
    snprintf(key, sizeof key, "s4.fan.%zu.total%s", fan->n, suffix);
    report_lap(key, &total, done);
}

static void time_fan(size_t n, bool from_heap)
{
    struct fan fan;
    memset(&fan, 0, sizeof fan);
    fan.n = n;
    fan.from_heap = from_heap;
    fan.children = (node **)touched(n, sizeof *fan.children);
    fan.arena = new_touched_arena(n);

    run_fan(&fan); /* warms the heap */
    fan.create.total = fan.cancel.total = fan.give_back.total = 0;
    size_t done = 0;
    do {
        run_fan(&fan);
        done += n;
    } while (done < unless_quick(1000000));
    report_fan(&fan, done);
    free(fan.children);
    free(fan.arena);
}

static void ask_fan(size_t n)
{
    time_fan(n, false);
    if (NODE_IS_PLACED)
        time_fan(n, true);
}
