/* SPDX-License-Identifier: MIT */

/* What threads do with watches and after-functions, and what must come of it.
 */

#include "world.h"

#include "verbs.h"

#include <string.h>

static int id_of(const struct watch *watch)
{
    return (int)(watch - world.watches);
}

static bool is_inside(const struct watch *watch)
{
    const struct frame *frame = world.telling[schedule_self()];
    for (; frame != NULL; frame = frame->outer)
        if (frame->watch == watch && frame->turn == watch->turn &&
            watch->in_call == watch->turn)
            return true;
    return false;
}

static bool may_wait_for(const struct watch *watch)
{
    const struct frame *frame = world.telling[schedule_self()];
    return frame == NULL || id_of(watch) < (int)frame->bound ||
           is_inside(watch);
}

static void tell(void *arg, int err)
{
    struct watch *watch = arg;
    int self = schedule_self();
    if (!watch->is_registered)
        fail("watch %d is told, and was not registered", id_of(watch));
    if (is_held(watch->node) && end_of(watch->node) != err)
        fail("watch %d is told of what has not happened", id_of(watch));
    world_look();
    if (seams_is_of_library(self))
        HIT(told_by_clock);

    struct frame *outer = world.telling[self];
    struct frame frame = {watch, watch->turn, (unsigned)id_of(watch), outer};
    if (outer != NULL && outer->bound < frame.bound)
        frame.bound = outer->bound;
    struct node *waits_on = world.waits_on[self];
    world.waits_on[self] = NULL;
    world.telling[self] = &frame;
    watch->is_registered = false;
    watch->in_call = watch->turn;
    struct op op = watch->op;

    schedule_pass("fn of watch", id_of(watch));
    perform_inside(&op);
    schedule_pass("end of fn", id_of(watch));

    if (watch->turn == frame.turn)
        watch->in_call = 0;
    world.telling[self] = outer;
    world.waits_on[self] = waits_on;
}

static struct watch *watch_of(const struct op *op);

void register_watch(const struct op *op)
{
    struct watch *watch = watch_of(op);
    struct node *node = pick(op->a);
    bool inside = is_inside(watch);
    if (node == NULL || watch->is_registered || watch->is_entering ||
        ((watch->pins > 0 || watch->in_call != 0) && !inside) ||
        !may_wait_for(watch))
        return;
    watch->is_entering = true;
    pin(node);
    /* That fn has returned does not say that the library is done with it. */
    if (watch->memory != NULL && !inside && belay_unwatch(watch->memory))
        fail("watch %d is taken back, and was told", id_of(watch));
    if (watch->memory == NULL)
        watch->memory = memset(memory_allocate(sizeof *watch->memory), 0,
                               sizeof *watch->memory);
    watch->op = *op;
    watch->node = node;
    unsigned turn = ++watch->turn;
    watch->in_call = 0;
    watch->is_registered = true;
    bool was_live = end_of(node) == LIVE;
    bool watching = belay_watch(node->ctx, watch->memory, tell, watch);
    if (watch->turn == turn)
        watch->is_entering = false;
    if (watching && inside)
        HIT(watch_reused_inside);
    if (!watching) {
        if (!watch->is_registered || watch->turn != turn || end_of(node) >= 0)
            fail("watch %d was refused, and should not", id_of(watch));
        watch->is_registered = false;
        was_live ? HIT(watch_lost_race) : HIT(watch_too_late);
    }
    unpin(node);
}

static void taken_back(struct watch *watch, bool tried)
{
    struct node *node = watch->node;
    if (!watch->is_registered)
        fail("watch %d is taken back, and was not registered", id_of(watch));
    watch->is_registered = false;
    if (ender_of(node) == NULL)
        HIT(taken_back_never_ending);
    else if (is_held(node) && end_of(node) == LIVE)
        tried ? HIT(try_taken_live) : HIT(taken_back_live);
    else
        tried ? HIT(try_taken_marked) : HIT(taken_back_marked);
}

static void must_have_been_told(const struct watch *watch, unsigned turn)
{
    if (watch->turn != turn)
        return; /* fn has registered it anew */
    if (watch->is_registered)
        fail("watch %d is not taken back, nor told", id_of(watch));
    if (watch->in_call == turn)
        fail("watch %d is let go while fn runs", id_of(watch));
}

static void take_back_one(struct watch *watch)
{
    unsigned turn = watch->turn;
    bool inside = is_inside(watch);
    unsigned sleeps = schedule_sleeps();
    ++watch->pins;
    bool taken = belay_unwatch(watch->memory);
    --watch->pins;
    if (taken) {
        taken_back(watch, false);
        return;
    }
    if (inside) {
        bool is_awaited = watch->memory->state == AWAITED;
        is_awaited ? HIT(inside_awaited) : HIT(told_inside);
        if (!is_awaited)
            watch->in_call = 0; /* nobody can wait for it any more */
        return;
    }
    must_have_been_told(watch, turn);
    if (schedule_sleeps() == sleeps)
        HIT(told_before);
    else
        watch->pins > 0 ? HIT(two_awaited) : HIT(told_while_awaited);
}

static void try_one(struct watch *watch)
{
    unsigned turn = watch->turn;
    bool inside = is_inside(watch);
    ++watch->pins;
    int taken = belay_try_unwatch(watch->memory);
    --watch->pins;
    if (taken == 1)
        taken_back(watch, true);
    else if (taken == 0) {
        must_have_been_told(watch, turn);
        HIT(try_told);
    } else if (inside && taken != -EBUSY) {
        fail("watch %d is told, and nothing says so", id_of(watch));
    } else {
        HIT(try_busy);
    }
}

static void free_one(struct watch *watch)
{
    bool inside = is_inside(watch);
    unsigned turn = watch->turn;
    take_back_one(watch);
    /* Used again by fn meanwhile, it would have to be taken back again. */
    if (watch->turn != turn || watch->is_registered || watch->in_call != 0 ||
        watch->pins > 0 || watch->is_entering || watch->memory == NULL)
        return;
    memory_release(watch->memory);
    watch->memory = NULL;
    if (inside)
        HIT(watch_freed_inside);
}

/* A function often turns to its own. */
static struct watch *watch_of(const struct op *op)
{
    struct frame *frame = world.telling[schedule_self()];
    if (frame != NULL && op->b % 2 == 0)
        return frame->watch;
    return &world.watches[op->b % WATCHES];
}

static bool is_there(const struct watch *watch)
{
    return watch->memory != NULL && !watch->is_entering;
}

void try_to_take_back(const struct op *op)
{
    struct watch *watch = watch_of(op);
    if (is_there(watch))
        try_one(watch);
}

void take_back(const struct op *op)
{
    struct watch *watch = watch_of(op);
    if (is_there(watch))
        may_wait_for(watch) ? take_back_one(watch) : try_one(watch);
}

void take_back_and_free(const struct op *op)
{
    struct watch *watch = watch_of(op);
    if (is_there(watch) && may_wait_for(watch))
        free_one(watch);
}
