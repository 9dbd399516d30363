/* SPDX-License-Identifier: MIT */

/*
 * Beside the contexts that everybody sees run two trees of which this file
 * alone knows: soft ends, and hard ends that come with a grace.  A scope is a
 * value that leads to its two, and a context that its hard end ends, too.
 */

#include <belay/drain.h>

#include "any.h"
#include "carry.h"
#include "memory.h"

#include <stdatomic.h>

/* One call of belay_drain(): they may add up, and the earliest counts. */
struct grace {
    struct grace *next;
    struct drain *drain;
    belay_ctx *timer;
    struct belay_watch watch;
    const char *where;
};

struct drain {
    belay_ctx *soft;
    belay_ctx *hard;
    const belay_ctx *scope;         /* compared only: who has it may drain */
    _Atomic(struct grace *) graces; /* it only grows */
};

static void end_hard(struct drain *drain, const char *where)
{
    belay_cancel_cause_at(drain->hard, where, BELAY_DEADLINE_EXCEEDED,
                          "grace is over");
}

/* The drain may be gone when this returns. */
static void pass(void *arg, int err)
{
    struct grace *grace = arg;
    (void)err;
    end_hard(grace->drain, grace->where);
}

static void destroy(void *value)
{
    struct drain *drain = value;
    struct grace *next = atomic_load(&drain->graces);
    struct grace *grace;
    while ((grace = next) != NULL) {
        next = grace->next;
        belay_unwatch(&grace->watch);
        belay_end(grace->timer);
        free(grace);
    }
    belay_end(drain->soft);
    belay_end(drain->hard);
    free(drain);
}

static const struct belay_key drain_key = {"drain", destroy};

static struct drain *find(const belay_ctx *ctx)
{
    void *drain = NULL;
    belay_value(ctx, &drain_key, &drain);
    return drain;
}

belay_ctx *belay_with_drain_at(const belay_ctx *parent, const char *where)
{
    struct drain *drain = belay__zeros(sizeof *drain);
    if (drain == NULL)
        return belay__refused(parent, where);
    const struct drain *outer = find(parent);
    drain->soft = belay_with_cancel_at(outer ? outer->soft : NULL, where);
    drain->hard = belay_with_cancel_at(outer ? outer->hard : NULL, where);
    if (belay_err(drain->soft) == -ENOMEM) /* it would begin by draining */
        belay_cancel_cause_at(drain->hard, where, -ENOMEM, NULL);

    const belay_ctx *hard = belay_ref(drain->hard);
    belay_ctx *value = belay_with_value_at(parent, &drain_key, drain, where);
    const belay_ctx *const parents[] = {value, hard};
    belay_ctx *ctx = belay_with_any_at(parents, 2, where);
    if (find(value) == drain) /* else there was no memory, and it is gone */
        drain->scope = ctx;
    belay_end_at(value, where);
    belay_unref(hard);
    return ctx;
}

/* --- Draining ----------------------------------------------------------- */

/* The hard end comes then, or, if that cannot be arranged, now. */
static void end_at(struct drain *drain, belay_time when, const char *where)
{
    struct grace *grace = belay__zeros(sizeof *grace);
    if (grace == NULL) {
        end_hard(drain, where);
        return;
    }
    grace->drain = drain;
    grace->where = where;
    grace->timer = belay_with_deadline_at(NULL, when, where);
    grace->next = atomic_load(&drain->graces);
    while (!atomic_compare_exchange_weak(&drain->graces, &grace->next, grace))
        continue;
    if (!belay_watch(grace->timer, &grace->watch, pass, grace))
        end_hard(drain, where);
}

bool belay_drain_at(belay_ctx *ctx, belay_duration grace, const char *where)
{
    struct drain *drain = find(ctx);
    if (drain == NULL || drain->scope != ctx || belay_err(ctx) != 0)
        return false;
    belay_time when = belay__later(belay_now(), grace);
    const belay_ctx *held = belay_ref(ctx); /* watches may give it back */
    bool begins = belay_cancel_cause_at(drain->soft, where, 0, "draining");
    if (when != BELAY_FOREVER)
        end_at(drain, when, where);
    belay_unref(held);
    return begins;
}

bool belay_is_draining(const belay_ctx *ctx)
{
    const struct drain *drain = find(ctx);
    return belay_err(ctx) != 0 ||
           (drain != NULL && belay_err(drain->soft) != 0);
}

/* --- What to wait under ------------------------------------------------- */

belay_ctx *belay_with_soft_end_at(const belay_ctx *parent, const char *where)
{
    const struct drain *drain = find(parent);
    const belay_ctx *const parents[] = {parent, drain ? drain->soft : NULL};
    return belay_with_any_at(parents, drain != NULL ? 2 : 1, where);
}

belay_ctx *belay_with_cleanup_at(const belay_ctx *ctx, belay_duration budget,
                                 const char *where)
{
    const struct drain *drain = find(ctx);
    belay_ctx *detached = belay_without_cancel_at(ctx, where);
    const belay_ctx *const parents[] = {detached, drain ? drain->hard : NULL};
    belay_time when = belay__later(belay_now(), budget);
    belay_ctx *cleanup =
        belay__with_any(parents, drain != NULL ? 2 : 1, when, where);
    belay_end_at(detached, where);
    return cleanup;
}
