/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdio.h>
#include <string.h>

struct world world;
uint64_t *arms;

void world_reset(void)
{
    memset(&world, 0, sizeof world);
    world.driver = -1;
    world.driver_fd = -1;
}

/* --- Contexts ----------------------------------------------------------- */

bool is_held(const struct node *node)
{
    return node->is_owned || node->refs > 0;
}

struct node *ender_of(struct node *node)
{
    while (node != NULL && !node->can_end)
        node = node->is_detached ? NULL : node->parent;
    return node;
}

int end_of(const struct node *node)
{
    const struct cancel_ctx *ended = ender(node->ctx);
    return ended != NULL ? state_of(&ended->base) : 0;
}

/* Does node end when that one above does? */
bool is_below(const struct node *node, const struct node *above)
{
    while (node != NULL && node != above)
        node = node->is_detached ? NULL : node->parent;
    return node == above;
}

struct node *pick(unsigned a)
{
    unsigned held = 0;
    for (unsigned i = 0; i < world.node_count; ++i)
        held += is_held(&world.nodes[i]);
    if (held == 0)
        return NULL;
    a %= held;
    for (unsigned i = 0;; ++i)
        if (is_held(&world.nodes[i]) && a-- == 0)
            return &world.nodes[i];
}

struct node *add_node(belay_ctx *ctx, struct node *parent)
{
    bool is_refused = ctx == &belay__no_memory.base;
    struct node *node = &world.nodes[world.node_count++];
    node->ctx = ctx;
    node->parent = is_refused ? NULL : parent;
    node->can_end = can_end(ctx);
    node->is_detached = (state_of(ctx) & KIND) == DETACHED && !node->can_end;
    node->is_owned = true;
    node->fd = -1;
    return node;
}

void pin(struct node *node)
{
    if (node != NULL)
        ++node->pins;
}

void unpin(struct node *node)
{
    if (node != NULL)
        --node->pins;
}

const char *place_of(const struct op *op)
{
    static char places[64][12];
    char *place = places[op->number % 64];
    if (place[0] == '\0')
        snprintf(place, sizeof places[0], "op.c:%u", op->number % 64U);
    return place;
}

/* --- What must be true, always ------------------------------------------ */

static void look_at_deadline(const struct node *node)
{
    const struct cancel_ctx *ctx = (const struct cancel_ctx *)node->ctx;
    if (node->err != BELAY_DEADLINE_EXCEEDED || ctx->cause != &ctx->own)
        return;
    if (ctx->cause->when < ctx->deadline && ctx->is_deadline)
        fail("context %d ended before its deadline", (int)(node - world.nodes));
}

/* The first ending counts, and nothing changes afterwards. */
static void look_at_end(struct node *node)
{
    int id = (int)(node - world.nodes);
    const struct cancel_ctx *ctx = (const struct cancel_ctx *)node->ctx;
    int state = state_of(&ctx->base);
    if (state >= 0) {
        if (node->err != 0)
            fail("context %d had ended, and has not", id);
        return;
    }
    if (node->err == 0) {
        node->err = state;
        node->cause_at = ctx->cause;
        node->cause = *ctx->cause;
        look_at_deadline(node);
    }
    if (node->err != state || node->cause_at != ctx->cause ||
        node->cause.code != ctx->cause->code ||
        node->cause.text != ctx->cause->text ||
        node->cause.where != ctx->cause->where)
        fail("context %d has ended in another way than it had", id);
    if (node->fd >= 0 && !seams_is_signaled(node->fd))
        fail("context %d has ended, and its descriptor does not say so", id);
}

static void look_at_parent(struct node *node)
{
    int id = (int)(node - world.nodes);
    const struct cancel_ctx *ctx = (const struct cancel_ctx *)node->ctx;
    struct node *above = node->parent;
    bool is_next = true; /* every one in between is held, or has no end */
    while (above != NULL && !(above->can_end && is_held(above))) {
        is_next &= !above->can_end;
        above = above->is_detached ? NULL : above->parent;
    }
    if (above == NULL)
        return;
    int end = state_of(above->ctx);
    if (end < 0 && node->err == 0)
        fail("context %d is live under one that has ended", id);
    if (node->err == 0 || ctx->cause == &ctx->own || !is_next)
        return;
    if (end == LIVE)
        fail("context %d was ended by a parent that is live", id);
    if (end < 0 && (above->err != node->err ||
                    ((struct cancel_ctx *)above->ctx)->cause != ctx->cause))
        fail("context %d has not the end of its parent", id);
}

static void look_at_fd(const struct node *node)
{
    const struct cancel_ctx *ctx = (const struct cancel_ctx *)node->ctx;
    if (ctx->fd >= 0 && state_of(&ctx->base) == LIVE &&
        seams_is_signaled(ctx->fd))
        fail("a descriptor says that a live context has ended");
}

/* Whoever is marking has those to wake in mind until the lock is free. */
static bool may_be_woken_next(void)
{
    bool is_marking = false;
    for (unsigned i = 0; i < FAMILIES; ++i)
        is_marking |= atomic_load(&belay__families[i].locked) != 0;
    return is_marking || seams_are_waking();
}

static void look_at_waiters(void)
{
    for (unsigned i = 0; i < schedule_count(); ++i) {
        struct node *node = world.waits_on[i];
        if (node != NULL && is_held(node) && end_of(node) < 0 &&
            schedule_is_asleep((int)i) && !may_be_woken_next())
            fail("thread %u sleeps, and what it waits for is over", i);
    }
}

void world_look(void)
{
    for (unsigned i = 0; i < world.node_count; ++i) {
        struct node *node = &world.nodes[i];
        if (is_held(node) && node->can_end) {
            look_at_end(node);
            look_at_fd(node);
        }
    }
    for (unsigned i = 0; i < world.node_count; ++i) {
        struct node *node = &world.nodes[i];
        if (is_held(node) && node->can_end)
            look_at_parent(node);
    }
    look_at_waiters();
}
