/* SPDX-License-Identifier: MIT */

/* What threads do with after-functions, and what must come of it. */

#include "world.h"

#include "verbs.h"

static void run_after(void *arg)
{
    struct after *after = arg;
    int self = schedule_self();
    int id = (int)(after - world.afters);
    if (after->has_run || after->is_prevented)
        fail("after-function %d runs, and should not", id);
    if (!seams_is_of_library(self))
        fail("after-function %d runs on a thread of the program", id);
    int err = belay_err(after->node->ctx);
    if (err != BELAY_CANCELED && err != BELAY_DEADLINE_EXCEEDED &&
        err != -ENOMEM)
        fail("after-function %d runs, and finds %d", id, err);
    after->has_run = after->is_running = true;
    world.running[self] = after;
    schedule_pass("after-function", id);
    perform_inside(&after->op);
    if (belay_err(after->node->ctx) != err)
        fail("after-function %d does not hold its context", id);
    schedule_pass("end of after-function", id);
    world.running[self] = NULL;
    after->is_running = false;
}

static void do_register_after(const struct op *op, struct after *after)
{
    struct node *node = pick(op->a);
    if (node == NULL)
        return;
    after->is_used = true;
    after->node = node;
    after->op = *op;
    pin(node);
    bool was_live = end_of(node) == LIVE;
    struct belay_after *handle = belay_after_func(node->ctx, run_after, after);
    unpin(node);
    if (handle == NULL && faults.memory == 0 && faults.threads == 0)
        fail("an after-function is refused for no reason");
    if (handle == NULL) {
        after->is_given = true;
        HIT(after_refused);
        return;
    }
    after->handle = handle;
    if (!was_live)
        HIT(after_at_once);
}

static void prevented(struct after *after)
{
    if (after->has_run)
        fail("an after-function that has run is prevented");
    after->is_prevented = true;
}

static void stop(struct after *after)
{
    after->is_given = true;
    if (belay_after_stop(after->handle)) {
        prevented(after);
        HIT(stop_prevented);
    } else {
        after->has_run ? HIT(stop_too_late) : HIT(stop_before_run);
    }
}

static void join(struct after *after)
{
    unsigned sleeps = schedule_sleeps();
    bool inside = world.running[schedule_self()] == after;
    after->is_given = true;
    if (belay_after_join(after->handle)) {
        prevented(after);
        HIT(join_prevented);
    } else if (inside) {
        HIT(join_inside);
    } else {
        if (!after->has_run || after->is_running)
            fail("an after-function is joined, and is not over");
        schedule_sleeps() != sleeps ? HIT(join_waited) : HIT(join_after);
    }
}

static void give_back_after(const struct op *op)
{
    int self = schedule_self();
    bool must_not_wait =
        world.telling[self] != NULL || world.running[self] != NULL;
    struct after *after = &world.afters[op->b % AFTERS];
    if (op->verb == 'j' && world.running[self] != NULL)
        after = world.running[self];
    if (after->handle == NULL || after->is_given)
        return;
    if (op->verb == 'j' && (!must_not_wait || after == world.running[self]))
        join(after);
    else
        stop(after);
}

void stop_after(const struct op *op)
{
    give_back_after(op);
}

void join_after(const struct op *op)
{
    give_back_after(op);
}

void register_after(const struct op *op)
{
    struct after *after = &world.afters[op->b % AFTERS];
    if (!after->is_used)
        do_register_after(op, after);
}
