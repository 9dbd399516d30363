/* SPDX-License-Identifier: MIT */

/* What threads do with contexts, and what must come of it. */

#include "world.h"

#include "verbs.h"

#include <string.h>

/* --- Deriving ----------------------------------------------------------- */

static void destroy(void *value)
{
    (void)value;
    ++world.destroyed;
    schedule_pass("destroy", -1);
    belay_stopped(NULL);
}

const struct belay_key value_key = {"key", destroy};

belay_duration duration_of(const struct op *op)
{
    static const belay_duration durations[] = {-1,
                                               1,
                                               3 * BELAY_MICROSECOND,
                                               20 * BELAY_MICROSECOND,
                                               70 * BELAY_MICROSECOND,
                                               BELAY_MILLISECOND,
                                               BELAY_HOUR};
    return durations[op->b % 7];
}

static belay_ctx *make(const struct op *op, const belay_ctx *parent)
{
    const char *where = place_of(op);
    switch (op->verb) {
    case 'T':
        return op->b % 2 == 0
                   ? belay_with_timeout_at(parent, duration_of(op), where)
                   : belay_with_timeout_cause_at(parent, duration_of(op), -EIO,
                                                 "slow", where);
    case 'V':
        ++world.to_destroy;
        return belay_with_value_at(parent, &value_key, &world, where);
    case 'N':
        return belay_without_cancel_at(parent, where);
    default:
        return belay_with_cancel_at(parent, where);
    }
}

static void count_derived(const struct op *op, struct node *node, int before)
{
    if (before < 0 && node->can_end &&
        belay_cause(node->ctx) != belay_cause(node->parent->ctx))
        fail("what was born ended has not its parent's end");
    struct node *above = ender_of(node->parent);
    int end = end_of(node);
    if (above == NULL || node->is_detached || !node->can_end) {
        if (op->verb == 'T' && end == BELAY_DEADLINE_EXCEEDED)
            HIT(deadline_born_past);
        return;
    }
    bool is_of_crowd = node->can_end && is_held(above) &&
                       ((struct cancel_ctx *)above->ctx)->crowding == CROWDED;
    if (end == LIVE)
        is_of_crowd ? HIT(linked_in_crowd) : HIT(linked);
    else if (is_of_crowd)
        HIT(born_ended_in_crowd);
    else
        before == LIVE ? HIT(born_ended_in_race) : HIT(born_ended);
}

void derive(const struct op *op)
{
    bool is_root = op->verb == 'O' || op->a % 8 == 0;
    struct node *parent = is_root ? NULL : pick(op->a);
    if (world.node_count == NODES)
        return;
    pin(parent);
    int before = parent != NULL ? end_of(parent) : LIVE;
    belay_time from = schedule_now();
    belay_ctx *ctx = make(op, parent != NULL ? parent->ctx : NULL);
    belay_time to = schedule_now();
    if (world.node_count == NODES) {
        belay_end_at(ctx, place_of(op));
        unpin(parent);
        return;
    }
    struct node *node = add_node(ctx, parent);
    belay_time deadline;
    if (op->verb == 'T' && ctx != &belay__no_memory.base &&
        (!belay_deadline(ctx, &deadline) || deadline > to + duration_of(op)))
        fail("a deadline is later than was asked for");
    if (op->verb == 'T' && end_of(node) == LIVE && deadline < from - 1 &&
        duration_of(op) >= 0 && parent == NULL)
        fail("a deadline is in the past");
    if (ctx == &belay__no_memory.base) {
        if (faults.memory == 0 && before != -ENOMEM)
            fail("a context is refused for no reason");
        HIT(derived_refused);
    } else {
        count_derived(op, node, before);
    }
    unpin(parent);
}

/* --- Ending ------------------------------------------------------------- */

/* What a call that ends node must have come to, when it returns. */
void must_have_ended(const struct node *node)
{
    for (unsigned i = 0; i < world.node_count; ++i) {
        const struct node *below = &world.nodes[i];
        if (is_held(below) && is_below(below, node) && end_of(below) >= 0)
            fail("context %u should have ended by now", i);
    }
}

static void check_winner(const struct op *op, struct node *node, bool won)
{
    const struct belay_cause *cause = belay_cause(node->ctx);
    bool is_ours =
        cause->where == place_of(op) && end_of(node) == BELAY_CANCELED;
    if (won && (++node->wins != 1 || !is_ours ||
                cause->code != (op->verb == 'K' ? -EPIPE : BELAY_CANCELED)))
        fail("a cancel has won, and its cause has not");
    if (won && op->verb == 'K' && strcmp(cause->text, "left 7") != 0 &&
        faults.memory == 0)
        fail("the text of a cause is lost");
}

void cancel(const struct op *op)
{
    struct node *node = pick(op->a);
    if (node == NULL)
        return;
    pin(node);
    int before = end_of(node);
    const char *where = place_of(op);
    bool won = op->verb == 'K' ? belay_cancel_cause_at(node->ctx, where, -EPIPE,
                                                       "left %d", 7)
                               : belay_cancel_at(node->ctx, where);
    if (node->can_end) {
        must_have_ended(node);
        check_winner(op, node, won);
        if (won)
            HIT(canceled);
        else if (before == LIVE)
            HIT(cancel_lost_in_race);
        else
            before == ENDING ? HIT(cancel_met_ending) : HIT(cancel_lost_before);
        if (won && world.telling[schedule_self()] != NULL)
            HIT(canceled_inside);
        if (won && ((struct cancel_ctx *)node->ctx)->crowding == CROWDED)
            HIT(crowd_ended);
    } else if (won) {
        fail("what has no end of its own is canceled");
    }
    unpin(node);
}

void end(const struct op *op)
{
    struct node *node = pick(op->a);
    if (node == NULL || !node->is_owned || (node->refs == 0 && node->pins > 0))
        return;
    bool can_end = node->can_end;
    int before = end_of(node);
    node->is_owned = false;
    if (node->refs > 0)
        HIT(ended_while_held);
    belay_end_at(node->ctx, place_of(op));
    if (!can_end)
        return;
    must_have_ended(node);
    before == LIVE ? HIT(ended_live) : HIT(ended_ended);
}

void unref(const struct op *op)
{
    struct node *node = pick(op->a);
    if (node == NULL || node->refs == 0 ||
        (!node->is_owned && node->refs == 1 && node->pins > 0))
        return;
    --node->refs;
    if (!is_held(node))
        world.telling[schedule_self()] != NULL ? HIT(unref_last_inside)
                                               : HIT(unref_last);
    belay_unref(node->ctx);
}

void ref(const struct op *op)
{
    struct node *node = pick(op->a);
    if (node == NULL)
        return;
    pin(node);
    belay_ref(node->ctx);
    ++node->refs;
    unpin(node);
}

void crowd(const struct op *op)
{
    struct node *node = ender_of(pick(op->a));
    if (node == NULL || !is_held(node) || node->ctx == &belay__no_memory.base)
        return;
    struct cancel_ctx *ctx = (struct cancel_ctx *)node->ctx;
    if (ctx->family >= TREES)
        return; /* as the core */
    pin(node);
    for (int i = 0; i < 40 && !is_crowded(ctx) && state_of(&ctx->base) == LIVE;
         ++i) {
        if (ctx->crowding < 30)
            ctx->crowding = 30; /* as if it had been contended */
        belay__make_crowd(ctx);
    }
    unpin(node);
}
