/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BELAY_NODE_H
#define BENCH_BELAY_NODE_H

/* Ours, in the words of questions/peer.h. */

#define PEER "belay"
#include "bench.h"

#include <belay/belay.h>

typedef belay_ctx node;
#define PLACE_SIZE 0
#define HOOK_SIZE sizeof(struct belay_watch)

static inline node *make_root(void)
{
    return belay_with_cancel(NULL);
}

static inline node *make_child(void *place, node *parent)
{
    (void)place;
    return belay_with_cancel(parent);
}

static inline node *make_timeout_child(void *place, node *parent, int64_t after)
{
    (void)place;
    return belay_with_timeout(parent, after);
}

static inline void cancel(node *self)
{
    belay_cancel(self);
}

static inline void give_back(node *self)
{
    belay_end(self);
}

static inline void finish(node *self)
{
    belay_end(self);
}

static inline bool has_ended(const node *self)
{
    return belay_err(self) != 0;
}

static size_t told;

static inline void tell(void *arg, int err)
{
    (void)arg;
    (void)err;
    ++told;
}

static inline void hook_on(void *place, node *at)
{
    if (!belay_watch(at, (struct belay_watch *)place, tell, NULL))
        abort();
}

static inline void hook_off(void *place)
{
    belay_unwatch((struct belay_watch *)place);
}

static inline const char *belay_version(void)
{
    static char version[32];
    snprintf(version, sizeof version, "Belay %d.%d.%d", BELAY_VERSION_MAJOR,
             BELAY_VERSION_MINOR, BELAY_VERSION_PATCH);
    return version;
}

#endif
