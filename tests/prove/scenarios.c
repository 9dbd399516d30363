/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include "state.h"
#include "verbs.h"

#include <string.h>

/*
 * Each letter is a verb (verbs.c): small ones are of watches and
 * after-functions.  More of a letter makes it more frequent.
 */
static const struct scenario {
    const char *name;
    const char *setup;  /* in this order, by the first thread */
    const char *verbs;  /* of the others */
    const char *inside; /* of functions that are told */
    struct faults faults;
} scenarios[] = {
    {"taking back", "DDwww", "CCCEEuuuuttfwD", "", {0}},
    {"inside", "DODwww", "CCCEuufwDDO?", "uuuffwwwtCERUD?", {0}},
    {"await inside", "DOww", "CCEuuuut", "uuuwwf", {0}},
    {"used again", "OOOww", "CCEuut", "w", {0}},
    {"deriving", "DD", "DDDDTCKERU?VN", "", {0}},
    {"canceling", "DDDD", "CCCKKE??WF", "", {0}},
    {"crowd", "DX", "DDDDTCERUXwu?V", "DCEU", {0}},
    {"crowd of crowds", "DXDXD", "DDDDXCERUwu?", "uDC", {0}},
    {"waiting", "DDV", "WWWSPCCE?T", "", {0, 0, 0, 4}},
    {"descriptors", "DFDV", "FFFFPCEUR?", "", {0}},
    {"deadlines", "DT", "TTTTWSCEwu?", "T", {0}},
    {"the program's clock", "DG", "TTTTWSPCwuG", "T", {0}},
    {"taking over the clock", "DT", "TTTGWSCwu", "T", {0}},
    {"nobody's clock", "Dg", "TTWSPCWSPE?", "", {0}},
    {"after-functions", "DDa", "aaaasssjjjCCEUR", "jCEDaW", {0}},
    {"all", "DDTVwa", "DTVNCKERUwutfasjWSFP?X", "uwfCERUDt?", {0, 0, 0, 8}},
    {"refused", "DDTwa", "DTVNCKERUwuasjWSFP?XG", "uwfCED", {6, 6, 3, 8}},
};

enum {
    SCENARIOS = sizeof scenarios / sizeof *scenarios,
    CREW = 4,
    EACH = 6,
    SETUP = 40, /* the numbers of the operations of the first thread */
    CLOSING = 60,
};

static struct plan {
    const struct scenario *scenario;
    unsigned threads;
    struct random random;
    bool let_time_pass;
    bool watches_last;
    uint64_t keep;
    struct crew {
        struct op ops[EACH];
        unsigned count;
        int thread;
    } crews[CREW];
} plan;

static struct op draw_op(const char *verbs, unsigned number)
{
    struct op op = {.number = (unsigned char)number};
    op.verb = verbs[draw(&plan.random, strlen(verbs))];
    op.a = (unsigned)draw(&plan.random, 1 << 20);
    op.b = (unsigned)draw(&plan.random, 1 << 20);
    const char *inside = plan.scenario->inside;
    size_t count = 0;
    if (inside[0] != '\0')
        count = (size_t)draw(&plan.random, INSIDE + 1);
    for (size_t i = 0; i < count; ++i)
        op.inside[i] = inside[draw(&plan.random, strlen(inside))];
    return op;
}

static void make_plan(uint64_t seed)
{
    plan.random.state = seed;
    plan.scenario = &scenarios[draw(&plan.random, SCENARIOS)];
    plan.threads = 2 + (unsigned)draw(&plan.random, CREW - 1);
    plan.let_time_pass = draw(&plan.random, 2) == 0;
    plan.watches_last = draw(&plan.random, 2) == 0;
    unsigned number = 0;
    for (unsigned i = 0; i < plan.threads; ++i) {
        struct crew *crew = &plan.crews[i];
        crew->count = 1 + (unsigned)draw(&plan.random, EACH);
        for (unsigned j = 0; j < crew->count; ++j)
            crew->ops[j] = draw_op(plan.scenario->verbs, number++);
    }
}

const char *scenario_name(uint64_t seed)
{
    make_plan(seed);
    return plan.scenario->name;
}

unsigned scenario_length(uint64_t seed)
{
    make_plan(seed);
    unsigned length = 0;
    for (unsigned i = 0; i < plan.threads; ++i)
        length += plan.crews[i].count;
    return length;
}

/* --- A run -------------------------------------------------------------- */

static void work(void *arg)
{
    const struct crew *crew = arg;
    for (unsigned i = 0; i < crew->count; ++i)
        if ((plan.keep >> crew->ops[i].number & 1) != 0)
            perform(&crew->ops[i]);
}

static void set_up(void)
{
    const char *setup = plan.scenario->setup;
    for (unsigned i = 0; setup[i] != '\0'; ++i) {
        struct op op = draw_op(setup + i, SETUP + i);
        op.verb = setup[i];
        op.b = strchr("wa", op.verb) != NULL ? i : op.b;
        perform(&op);
    }
    for (unsigned i = 0; i < world.node_count; ++i)
        if (draw(&plan.random, 2) == 0)
            perform(&(struct op){.verb = 'R', .number = CLOSING, .a = i});
}

static bool is_waited_for(const struct node *node)
{
    for (unsigned i = 0; i < schedule_count(); ++i)
        if (world.waits_on[i] == node)
            return true;
    return false;
}

/* All are asleep: whoever ends what has a deadline must be about to wake. */
static void check_deadlines(void)
{
    for (unsigned i = 0; i < world.node_count; ++i) {
        const struct node *node = &world.nodes[i];
        belay_time deadline;
        if (is_held(node) && node->can_end && end_of(node) == LIVE &&
            (!world.is_undriven || is_waited_for(node)) &&
            belay_deadline(node->ctx, &deadline) && deadline < schedule_next())
            fail("nobody will end context %u at its deadline", i);
    }
    if (world.driver >= 0 && seams_clock_thread() >= 0 &&
        !schedule_is_over(seams_clock_thread()))
        fail("the clock has a thread, and the program drives it");
}

static bool are_crews_over(void)
{
    for (unsigned i = 0; i < plan.threads; ++i)
        if (!schedule_is_over(plan.crews[i].thread))
            return false;
    return true;
}

static struct node *find_live(void)
{
    for (unsigned i = 0; i < world.node_count; ++i)
        if (is_held(&world.nodes[i]) && world.nodes[i].can_end &&
            end_of(&world.nodes[i]) == LIVE)
            return &world.nodes[i];
    return NULL;
}

static void end_one(struct node *node)
{
    if (((struct cancel_ctx *)node->ctx)->is_deadline)
        HIT(deadline_lost);
    pin(node);
    belay_cancel_at(node->ctx, "closing");
    must_have_ended(node);
    unpin(node);
}

/* Ends all there is, and sees that whoever waits for it wakes. */
static void end_all(void)
{
    bool let_time_pass = plan.let_time_pass;
    for (;;) {
        schedule_await_quiet(let_time_pass);
        check_deadlines();
        struct node *node = find_live();
        if (node == NULL && let_time_pass)
            break;
        if (node != NULL)
            end_one(node);
        else
            let_time_pass = true; /* a crew may sleep, and then go on */
    }
    if (!are_crews_over())
        fail("a thread sleeps, and nothing will wake it");
}

static void give_back_watches(void)
{
    struct op op = {.verb = 'f', .number = CLOSING + 1};
    for (op.b = 0; op.b < WATCHES; ++op.b)
        perform(&op);
}

static void give_back_all(void)
{
    if (!plan.watches_last)
        give_back_watches();
    for (unsigned i = 0; i < AFTERS; ++i) {
        struct op op = {
            .verb = "sj"[draw(&plan.random, 2)], .number = CLOSING + 1, .b = i};
        perform(&op);
    }
    for (unsigned i = 0; i < world.node_count; ++i) {
        struct node *node = &world.nodes[i];
        bool was_owned = node->is_owned;
        node->is_owned = false;
        if (was_owned)
            belay_end_at(node->ctx, "closing");
        while (node->refs > 0) {
            --node->refs;
            belay_unref(node->ctx);
        }
    }
    schedule_await_quiet(true);
    if (plan.watches_last)
        give_back_watches();
}

static void check_told(void)
{
    for (unsigned i = 0; i < WATCHES; ++i)
        if (world.watches[i].memory != NULL || world.watches[i].is_registered)
            fail("watch %u is left", i);
    for (unsigned i = 0; i < AFTERS; ++i) {
        const struct after *after = &world.afters[i];
        if (after->handle != NULL && after->has_run == after->is_prevented)
            fail("after-function %u has not run, and was not prevented", i);
    }
    if (world.destroyed != world.to_destroy)
        fail("of %u values, %u were destroyed", world.to_destroy,
             world.destroyed);
}

/* The library's own, when there is nothing. */
static void check_families(void)
{
    for (unsigned i = 0; i < FAMILIES; ++i) {
        const struct family *family = &belay__families[i];
        if (family->locked != 0 || family->tellings != NULL ||
            family->due != NULL || family->wheel.levels != 0)
            fail("family %u is not as it was", i);
    }
    if (belay__after_lock != 0 || belay__no_memory.base.refs != 1)
        fail("something static is not as it was");
}

static void first(void)
{
    set_up();
    for (unsigned i = 0; i < plan.threads; ++i)
        plan.crews[i].thread = schedule_start(work, &plan.crews[i]);
    end_all();
    give_back_all();
    schedule_await_quiet(true);
    check_told();
    stop_driving();
    if (plan.watches_last) /* have the clock's thread on its feet */
        belay_end_at(belay_with_timeout_at(NULL, 1, "?"), "?");
    belay__clock_close();
    belay__after_close();
    schedule_await_quiet(true);
    for (unsigned i = 1; i < schedule_count(); ++i)
        if (!schedule_is_over((int)i))
            fail("thread %u goes on", i);
    check_families();
    seams_check();
}

void scenario_run(const struct run *run)
{
    make_plan(run->seed);
    plan.keep = run->keep;
    world_reset();
    seams_reset();
    belay__no_memory.fd = -1;
    prove_keep_clock();
    prove_keep_pool();
    faults = plan.scenario->faults;
    schedule_watcher = world_look;
    struct random mixed = {run->seed + run->schedule};
    schedule_run(draw(&mixed, UINT64_MAX), first);
}
