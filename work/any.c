/* SPDX-License-Identifier: MIT */

#include "any.h"

#include "carry.h"
#include "memory.h"

/* A watch on one parent. */
struct edge {
    struct belay_watch watch;
    const belay_ctx *from; /* held: its cause is asked when it has ended */
    struct merge *merge;
};

struct merge {
    belay_ctx *inner;
    size_t count;
    struct edge edges[];
};

static void end_as(belay_ctx *ctx, const belay_ctx *from)
{
    const struct belay_cause *cause = belay_cause(from);
    belay_cancel_cause_at(ctx, cause->where, cause->code, "%s", cause->text);
}

/* The merge may be gone when this returns. */
static void tell(void *arg, int err)
{
    struct edge *edge = arg;
    (void)err;
    end_as(edge->merge->inner, edge->from);
}

static void tie(struct merge *merge, const belay_ctx *from)
{
    struct edge *edge = &merge->edges[merge->count++];
    edge->from = belay_ref(from);
    edge->merge = merge;
    if (!belay_watch(from, &edge->watch, tell, edge))
        end_as(merge->inner, from);
}

static void destroy(void *value)
{
    struct merge *merge = value;
    for (size_t i = 0; i < merge->count; ++i) {
        belay_unwatch(&merge->edges[i].watch);
        belay_unref(merge->edges[i].from);
    }
    belay_end(merge->inner);
    free(merge);
}

static const struct belay_key merge_key = {"any", destroy};

static belay_time earliest(const belay_ctx *const *parents, size_t count,
                           belay_time when)
{
    for (size_t i = 0; i < count; ++i) {
        belay_time theirs;
        if (belay_deadline(parents[i], &theirs) && theirs < when)
            when = theirs;
    }
    return when;
}

belay_ctx *belay__with_any(const belay_ctx *const *parents, size_t count,
                           belay_time when, const char *where)
{
    const belay_ctx *first = count > 0 ? parents[0] : NULL;
    struct merge *merge =
        count <= SIZE_MAX / sizeof(struct edge) - 1
            ? belay__zeros(sizeof *merge + count * sizeof(struct edge))
            : NULL;
    if (merge == NULL)
        return belay__refused(first, where);
    when = earliest(parents, count, when);
    merge->inner = belay_with_deadline_at(first, when, where);
    for (size_t i = 1; i < count; ++i)
        tie(merge, parents[i]);
    return belay__carry(merge->inner, &merge_key, merge, where);
}

belay_ctx *belay_with_any_at(const belay_ctx *const *parents, size_t count,
                             const char *where)
{
    return belay__with_any(parents, count, BELAY_FOREVER, where);
}
