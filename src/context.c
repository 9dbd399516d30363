/* SPDX-License-Identifier: MIT */

/* Making, counting and giving back. */

#include "internal.h"

/* --- The roots, and the context for when there is no memory ------------- */

static struct value_ctx background = {.base = {.state = DETACHED}};
static struct value_ctx todo = {.base = {.state = DETACHED}};

const belay_ctx *belay_background(void)
{
    return &background.base;
}

const belay_ctx *belay_todo(void)
{
    return &todo.base;
}

static const struct belay_cause out_of_memory = {
    .code = -ENOMEM,
    .text = "Cannot allocate memory",
    .where = "?",
};

/* Handed out, and counted, as any other; its first reference stays here. */
struct cancel_ctx belay__no_memory = {
    .base = {.state = -ENOMEM, .refs = 1, .parent = &background.base},
    .fd = -1,
    .deadline = BELAY_FOREVER,
    .cause = &out_of_memory,
};

belay_ctx *belay__refuse(void)
{
    belay__hold(&belay__no_memory.base);
    return &belay__no_memory.base;
}

/* --- Counting ----------------------------------------------------------- */

static bool is_unreferenced(const belay_ctx *ctx)
{
    return atomic_load_explicit(&ctx->refs, memory_order_relaxed) == 0;
}

/* Counts in the owner's crowd, unless it has ended; then, false. */
static bool count_in_crowd(struct cancel_ctx *owner, int by)
{
    if (!is_crowded(owner))
        return false;
    unsigned shard = OS(cpu)() % CROWDS;
    atomic_uint *locked = &belay__families[TREES + shard].locked;
    lock(locked);
    bool is_live = state_of(&owner->base) == LIVE;
    DELAY_POINT("counting");
    if (is_live)
        owner->crowd->shards[shard].held += by;
    unlock(locked);
    return is_live;
}

void belay__hold(const belay_ctx *ctx)
{
    if (!can_end(ctx)) {
        /* Whoever gives out a reference holds one: nothing to acquire. */
        if (ctx->parent != NULL)
            atomic_fetch_add_explicit(&((struct belay_ctx *)ctx)->refs, 1,
                                      memory_order_relaxed);
        return;
    }
    struct cancel_ctx *cancel = (struct cancel_ctx *)ctx;
    if (count_in_crowd(cancel, +1))
        return;
    lock(&family_of(cancel)->locked);
    count_refs(ctx, +1);
    unlock(&family_of(cancel)->locked);
}

/* A text of belay_cancel_cause() is a copy; all others are not ours. */
static bool owns_text(const struct cancel_ctx *ctx)
{
    return ctx->cause == &ctx->own && state_of(&ctx->base) == BELAY_CANCELED &&
           ctx->own.text != belay_strerror(ctx->own.code);
}

static void free_ctx(const belay_ctx *ctx)
{
    if (!can_end(ctx)) {
        belay__destroy_value((struct value_ctx *)ctx);
        return;
    }
    struct cancel_ctx *cancel = (struct cancel_ctx *)ctx;
    if (cancel->fd >= 0)
        OS(close)(cancel->fd);
    if (owns_text(cancel))
        OS(release)((char *)cancel->own.text);
    RELEASE_CTX(cancel);
}

/* Frees from ctx upwards until `end`, which stays. */
static void free_until(const belay_ctx *ctx, const belay_ctx *end)
{
    while (ctx != end) {
        const belay_ctx *parent = ctx->parent;
        free_ctx(ctx);
        ctx = parent;
    }
}

/*
 * Under the lock of ctx, which it releases: lets go of ctx, and of all above
 * whose last reference went with it and that this lock guards as well.
 * Returns the first of which a reference is still to be dropped, or NULL.
 */
static const belay_ctx *drop_in_family(const belay_ctx *ctx)
{
    struct family *family = family_of((const struct cancel_ctx *)ctx);
    const belay_ctx *end = ctx;
    bool was_last;
    do {
        count_refs(end, -1);
        was_last = is_unreferenced(end);
        if (was_last)
            end = end->parent;
    } while (was_last && can_end(end) &&
             family_of((const struct cancel_ctx *)end) == family &&
             !is_crowded((const struct cancel_ctx *)end));
    unlock(&family->locked);
    free_until(ctx, end);
    return was_last ? end : NULL;
}

static const belay_ctx *drop_value(const belay_ctx *ctx)
{
    if (ctx->parent == NULL)
        return NULL; /* the roots are static */
    /* Releases our use of it to whoever frees it; who acquires them all. */
    if (atomic_fetch_sub_explicit(&((struct belay_ctx *)ctx)->refs, 1,
                                  memory_order_acq_rel) != 1)
        return NULL;
    const belay_ctx *parent = ctx->parent;
    free_ctx(ctx);
    return parent;
}

void belay__drop(const belay_ctx *ctx)
{
    DELAY_POINT("drop");
    while (ctx != NULL) {
        if (!can_end(ctx)) {
            ctx = drop_value(ctx);
        } else if (count_in_crowd((struct cancel_ctx *)ctx, -1)) {
            return; /* the maker still holds a live one */
        } else {
            lock(&family_of((const struct cancel_ctx *)ctx)->locked);
            ctx = drop_in_family(ctx);
        }
    }
}

void belay__drop_locked(struct cancel_ctx *ctx)
{
    const belay_ctx *next = drop_in_family(&ctx->base);
    if (next != NULL)
        belay__drop(next);
}

const belay_ctx *belay_ref(const belay_ctx *ctx)
{
    if (ctx == NULL)
        return NULL;
    CHECK_USED(ctx);
    belay__hold(ctx);
    return ctx;
}

void belay_unref(const belay_ctx *ctx)
{
    if (ctx == NULL)
        return;
    CHECK_UNREF(ctx);
    belay__drop(ctx);
}

/* --- Making ------------------------------------------------------------- */

struct cancel_ctx *belay__make(size_t size, const belay_ctx *parent,
                               const char *where)
{
    struct cancel_ctx *ctx = ALLOCATE_CTX(size, where);
    if (ctx == NULL)
        return NULL;
    atomic_init(&ctx->base.state, LIVE);
    atomic_init(&ctx->base.refs, 1);
    ctx->base.parent = parent;
    ctx->fd = -1;
    atomic_init(&ctx->crowding, 0);
    ctx->is_deadline = false;
    ctx->process = 0;
    ctx->values = nearest_value(parent);
    ctx->children = NULL;
    ctx->crowd = NULL;
    ctx->next = NULL;
    ctx->link = NULL;
    ctx->where = where;
    ctx->watches = NULL;
    return ctx;
}

/*
 * Takes the lock under which a child of parent is made, its family's.  Of an
 * ended parent that is always the parent's own, whose count it goes into.
 */
static struct family *lock_for_child(struct cancel_ctx *parent,
                                     struct cancel_ctx *child, bool *ret_waited)
{
    struct family *family;
    if (is_crowded(parent)) {
        child->family = (uint8_t)(TREES + OS(cpu)() % CROWDS);
        family = family_of(child);
        *ret_waited = false;
        lock(&family->locked);
        if (state_of(&parent->base) == LIVE)
            return family;
        unlock(&family->locked);
    }
    child->family = parent->family;
    family = family_of(child);
    *ret_waited = lock(&family->locked);
    return family;
}

/*
 * Lists child under its parent, or ends it as its parent has ended.
 *
 * Under the lock of a crowd the parent counts as live, though its state may be
 * ENDING by now: whoever ends it has yet to take that lock, and finds child.
 */
static void join(struct cancel_ctx *child, struct cancel_ctx *parent)
{
    bool counts_here = child->base.parent == &parent->base;
    DELAY_POINT("join");
    if (child->family != parent->family) {
        struct shard *shard = shard_of(parent, child);
        LIST_PUSH(&shard->children, child);
        shard->held += counts_here;
        return;
    }
    if (state_of(&parent->base) == LIVE) {
        LIST_PUSH(&parent->children, child);
    } else {
        child->cause = parent->cause;
        atomic_init(&child->base.state, state_of(&parent->base));
    }
    if (counts_here)
        count_refs(&parent->base, +1);
}

void belay__adopt(struct cancel_ctx *child, belay_time now)
{
    const belay_ctx *holder = child->base.parent;
    if (!can_end(holder))
        belay__hold(holder);

    struct cancel_ctx *parent = ender(holder);
    struct family *family;
    bool waited = false;
    DELAY_POINT("derive");
    if (parent != NULL) {
        family = lock_for_child(parent, child, &waited);
        join(child, parent);
    } else {
        child->family = (uint8_t)belay__tree_family();
        family = family_of(child);
        lock(&family->locked);
        LIST_PUSH(&family->roots, child);
    }
    bool arm = now != UNARMED && state_of(&child->base) == LIVE;
    if (arm) {
        belay__clock_uses(child->family);
        belay__arm(&family->wheel, (struct deadline_ctx *)child, now);
    }
    belay_time when = child->deadline;
    unlock(&family->locked);

    if (arm)
        belay__clock_expect(when);
    if (waited && parent->family < TREES)
        belay__make_crowd(parent);
}

belay_ctx *belay_with_cancel_at(const belay_ctx *parent, const char *where)
{
    parent = or_background(parent);
    CHECK_USED(parent);
    struct cancel_ctx *ctx = belay__make(sizeof *ctx, parent, where);
    if (ctx == NULL)
        return belay__refuse();
    const struct cancel_ctx *above = ender(parent);
    ctx->deadline = above != NULL ? above->deadline : BELAY_FOREVER;
    belay__adopt(ctx, UNARMED);
    return &ctx->base;
}
