/* SPDX-License-Identifier: MIT */

/* Canceling and giving back, by whoever made the context. */

#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- Canceling ---------------------------------------------------------- */

/* Under the lock, which it releases. */
static void end(struct cancel_ctx *ctx, struct belay_cause cause)
{
    struct belay_watch *pending = NULL;
    struct wakes wakes;
    wakes.count = 0;
    struct marking marking = {.err = BELAY_CANCELED,
                              .own = cause,
                              .pending = &pending,
                              .wakes = &wakes};
    struct family *family = family_of(ctx);
    belay__mark(&marking, ctx);
    if (marking.crowds != NULL)
        belay__unlock_crowds();
    /* From here on ctx may be gone. */
    belay__tell(family, &pending, marking.err, &wakes);
    belay__tell_crowds(&marking);
}

static bool cancel(struct cancel_ctx *ctx, struct belay_cause cause)
{
    struct family *family = family_of(ctx);
    lock(&family->locked);
    if (state_of(&ctx->base) != LIVE) {
        unlock(&family->locked);
        return false;
    }
    end(ctx, cause);
    return true;
}

/*
 * The context itself if it can be canceled.  Whoever loses a race must not
 * return before the winner's subtree is marked, so ENDING is waited for.
 */
static struct cancel_ctx *cancelable(belay_ctx *ctx)
{
    CHECK_USED(ctx);
    if (ctx == NULL || !can_end(ctx))
        return NULL;
    return belay_err(ctx) == 0 ? (struct cancel_ctx *)ctx : NULL;
}

bool belay_cancel_at(belay_ctx *ctx, const char *where)
{
    struct cancel_ctx *cancel_ctx = cancelable(ctx);
    if (cancel_ctx == NULL)
        return false;
    return cancel(cancel_ctx,
                  (struct belay_cause){BELAY_CANCELED,
                                       belay_strerror(BELAY_CANCELED), where,
                                       OS(now)()});
}

enum { TEXT_SIZE = 256 };

/* Where a text of that length is cut: not within a character of UTF-8. */
static size_t whole_characters(const char *text, size_t length)
{
    if (length < TEXT_SIZE)
        return length;
    for (length = TEXT_SIZE - 1; length > TEXT_SIZE - 5; --length)
        if (((unsigned char)text[length] & 0xC0) != 0x80)
            return length;
    return TEXT_SIZE - 1; /* no such character is that long: not UTF-8 */
}

/* Returns a copy to be released, or NULL. */
BELAY_PRINTF(1, 0) static char *format_text(const char *format, va_list args)
{
    char text[TEXT_SIZE + 1]; /* one more, to see what is cut off */
    int length = vsnprintf(text, sizeof text, format, args);
    if (length < 0)
        return NULL;
    size_t kept = whole_characters(text, (size_t)length);
    char *copy = OS(allocate)(kept + 1);
    if (copy != NULL) {
        memcpy(copy, text, kept);
        copy[kept] = '\0';
    }
    return copy;
}

BELAY_PRINTF(4, 0)
static bool cancel_cause(belay_ctx *ctx, const char *where, int code,
                         const char *format, va_list args)
{
    struct cancel_ctx *cancel_ctx = cancelable(ctx);
    if (cancel_ctx == NULL)
        return false;
    char *text = format != NULL ? format_text(format, args) : NULL;
    struct belay_cause cause = {.code = code != 0 ? code : BELAY_CANCELED,
                                .where = where,
                                .when = OS(now)()};
    cause.text = text != NULL ? text : belay_strerror(cause.code);
    if (cancel(cancel_ctx, cause))
        return true;
    OS(release)(text);
    return false;
}

bool belay_cancel_cause_at(belay_ctx *ctx, const char *where, int code,
                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ended = cancel_cause(ctx, where, code, format, args);
    va_end(args);
    return ended;
}

bool belay_cancel_cause(belay_ctx *ctx, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ended = cancel_cause(ctx, "?", code, format, args);
    va_end(args);
    return ended;
}

/* --- Giving back -------------------------------------------------------- */

/* Nobody but its maker can see it: no reference, watch or descriptor. */
static bool is_unseen(const struct cancel_ctx *ctx)
{
    return state_of(&ctx->base) == LIVE &&
           atomic_load_explicit(&ctx->base.refs, memory_order_relaxed) == 1 &&
           ctx->watches == NULL && ctx->fd < 0 && !is_crowded(ctx);
}

/*
 * Gives back an unseen context, under the lock, without ending it first.  Its
 * parent is live, as it is: what it gives back there is not the last.
 */
static void vanish(struct cancel_ctx *ctx)
{
    struct family *family = family_of(ctx);
    const belay_ctx *parent = ctx->base.parent;
    bool counts_here = can_end(parent);
    DELAY_POINT("vanishing");
    if (ctx->link != NULL && counts_here) {
        struct cancel_ctx *above = (struct cancel_ctx *)parent;
        if (above->family != ctx->family)
            --shard_of(above, ctx)->held;
        else
            count_refs(parent, -1);
    }
    belay__unlink(ctx);
    if (ctx->is_deadline)
        belay__disarm(&family->wheel, (struct deadline_ctx *)ctx);
    unlock(&family->locked);
    RELEASE_CTX(ctx);
    if (!counts_here)
        belay__drop(parent);
}

/* A NULL place is that of the making. */
static void end_and_drop(struct cancel_ctx *ctx, const char *where)
{
    struct family *family = family_of(ctx);
    lock(&family->locked);
    if (is_unseen(ctx)) {
        vanish(ctx);
        return;
    }
    if (state_of(&ctx->base) != LIVE) {
        belay__drop_locked(ctx);
        return;
    }
    end(ctx,
        (struct belay_cause){BELAY_CANCELED, belay_strerror(BELAY_CANCELED),
                             where != NULL ? where : ctx->where, OS(now)()});
    belay__drop(&ctx->base);
}

void belay_end_at(belay_ctx *ctx, const char *where)
{
    if (ctx == NULL)
        return;
    CHECK_END(ctx);
    if (can_end(ctx))
        end_and_drop((struct cancel_ctx *)ctx, where);
    else
        belay__drop(ctx);
}

void belay__auto_end(belay_ctx **ctx)
{
    belay_end_at(*ctx, NULL);
}
