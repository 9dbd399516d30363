/* SPDX-License-Identifier: MIT */

/* Making contexts with a deadline. */

#include "internal.h"

#include <string.h>

static struct deadline_ctx *make_deadline(const belay_ctx *parent,
                                          belay_time when, int code,
                                          const char *text, const char *where)
{
    size_t length = text != NULL ? strlen(text) + 1 : 0;
    struct deadline_ctx *ctx =
        (struct deadline_ctx *)belay__make(sizeof *ctx + length, parent, where);
    if (ctx == NULL)
        return NULL;
    ctx->cancel.is_deadline = true;
    ctx->cancel.deadline = when;
    ctx->link = NULL;
    ctx->code = code != 0 ? code : BELAY_DEADLINE_EXCEEDED;
    ctx->text = belay_strerror(ctx->code);
    if (text != NULL)
        ctx->text = memcpy(ctx + 1, text, length);
    return ctx;
}

/* Ends ctx, which nobody else knows yet, unless it was born ended. */
static void end_at_birth(struct cancel_ctx *ctx, int err,
                         struct belay_cause cause)
{
    struct belay_watch *none = NULL;
    struct wakes asleep = {.count = 0}; /* nobody: it has no watches */
    struct marking marking = {
        .err = err, .own = cause, .pending = &none, .wakes = &asleep};
    struct family *family = family_of(ctx);
    lock(&family->locked);
    if (state_of(&ctx->base) == LIVE)
        belay__mark(&marking, ctx);
    unlock(&family->locked);
}

/*
 * The parent's deadline is earlier, so this one is none.  But both may be past
 * and the clock not have come to it.
 */
static belay_ctx *with_the_parents(const belay_ctx *parent, belay_time when,
                                   belay_time now, const char *where)
{
    belay_ctx *ctx = belay_with_cancel_at(parent, where);
    if (when <= now && ctx != &belay__no_memory.base)
        end_at_birth((struct cancel_ctx *)ctx, BELAY_DEADLINE_EXCEEDED,
                     (struct belay_cause){
                         BELAY_DEADLINE_EXCEEDED,
                         belay_strerror(BELAY_DEADLINE_EXCEEDED), where, now});
    return ctx;
}

static belay_ctx *with_deadline(const belay_ctx *parent, belay_time when,
                                belay_time now, int code, const char *text,
                                const char *where)
{
    parent = or_background(parent);
    CHECK_USED(parent);
    const struct cancel_ctx *above = ender(parent);
    if (when == BELAY_FOREVER || (above != NULL && when > above->deadline))
        return with_the_parents(parent, when, now, where);

    struct deadline_ctx *ctx = make_deadline(parent, when, code, text, where);
    if (ctx == NULL)
        return belay__refuse();
    if (when <= now) {
        belay__adopt(&ctx->cancel, UNARMED);
        end_at_birth(&ctx->cancel, BELAY_DEADLINE_EXCEEDED,
                     (struct belay_cause){ctx->code, ctx->text, where, now});
    } else if (belay__clock_ready()) {
        belay__adopt(&ctx->cancel, now);
    } else {
        belay__adopt(&ctx->cancel, UNARMED);
        end_at_birth(
            &ctx->cancel, -ENOMEM,
            (struct belay_cause){-ENOMEM, belay_strerror(-ENOMEM), where, now});
    }
    return &ctx->cancel.base;
}

belay_ctx *belay_with_deadline_cause_at(const belay_ctx *parent,
                                        belay_time when, int code,
                                        const char *text, const char *where)
{
    return with_deadline(parent, when, OS(now)(), code, text, where);
}

belay_ctx *belay_with_timeout_cause_at(const belay_ctx *parent,
                                       belay_duration after, int code,
                                       const char *text, const char *where)
{
    belay_time now = OS(now)();
    return with_deadline(parent, saturating_add(now, after), now, code, text,
                         where);
}

belay_ctx *belay_with_deadline_at(const belay_ctx *parent, belay_time when,
                                  const char *where)
{
    return with_deadline(parent, when, OS(now)(), 0, NULL, where);
}

belay_ctx *belay_with_timeout_at(const belay_ctx *parent, belay_duration after,
                                 const char *where)
{
    return belay_with_timeout_cause_at(parent, after, 0, NULL, where);
}
