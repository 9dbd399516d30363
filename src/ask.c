/* SPDX-License-Identifier: MIT */

/* Asking: whether, why, until when. */

#include "internal.h"

#include <string.h>

extern inline int belay_err(const belay_ctx *ctx);

/*
 * The end of ctx that shares it with another, or is just being marked: then
 * whoever marks holds the lock, and lets go when the subtree has ended.
 */
int belay__err(const belay_ctx *ctx)
{
    CHECK_USED(ctx);
    struct cancel_ctx *ended = ender(ctx);
    if (ended == NULL)
        return 0;
    int state = atomic_load_explicit(&ended->base.state, memory_order_acquire);
    if (state != ENDING)
        return state;
    struct family *family = family_of(ended);
    lock(&family->locked);
    state = state_of(&ended->base);
    unlock(&family->locked);
    return state;
}

int belay_stopped(void *ctx)
{
    return belay_err(ctx) != 0;
}

const struct belay_cause *belay_cause(const belay_ctx *ctx)
{
    if (belay_err(ctx) == 0)
        return NULL;
    return ender(ctx)->cause;
}

bool belay_deadline(const belay_ctx *ctx, belay_time *ret_when)
{
    CHECK_USED(ctx);
    const struct cancel_ctx *limited = ender(ctx);
    if (limited == NULL || limited->deadline == BELAY_FOREVER)
        return false;
    *ret_when = limited->deadline;
    return true;
}

belay_duration belay_remaining(const belay_ctx *ctx)
{
    belay_time deadline;
    if (belay_err(ctx) != 0)
        return 0;
    if (!belay_deadline(ctx, &deadline))
        return BELAY_FOREVER;
    belay_time now = OS(now)();
    return deadline > now ? deadline - now : 0;
}

belay_time belay_now(void)
{
    return OS(now)();
}

static const char *system_text(unsigned number)
{
#if defined(__GLIBC__) && \
    (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 32))
    return strerrordesc_np((int)number);
#else
    return strerror((int)number);
#endif
}

const char *belay_strerror(int code)
{
    switch (code) {
    case BELAY_CANCELED:
        return "context canceled";
    case BELAY_DEADLINE_EXCEEDED:
        return "context deadline exceeded";
    default: {
        unsigned number = code < 0 ? 0 - (unsigned)code : (unsigned)code;
        const char *text = number <= INT32_MAX ? system_text(number) : NULL;
        return text != NULL ? text : "Unknown error";
    }
    }
}
