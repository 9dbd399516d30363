/* SPDX-License-Identifier: MIT */

/* The functions behind the macros, for whoever has no place to give. */

#include "internal.h"

bool belay_cancel(belay_ctx *ctx)
{
    return belay_cancel_at(ctx, "?");
}

void belay_end(belay_ctx *ctx)
{
    belay_end_at(ctx, "?");
}

belay_ctx *belay_with_cancel(const belay_ctx *parent)
{
    return belay_with_cancel_at(parent, "?");
}

belay_ctx *belay_with_deadline(const belay_ctx *parent, belay_time when)
{
    return belay_with_deadline_at(parent, when, "?");
}

belay_ctx *belay_with_timeout(const belay_ctx *parent, belay_duration after)
{
    return belay_with_timeout_at(parent, after, "?");
}

belay_ctx *belay_with_deadline_cause(const belay_ctx *parent, belay_time when,
                                     int code, const char *text)
{
    return belay_with_deadline_cause_at(parent, when, code, text, "?");
}

belay_ctx *belay_with_timeout_cause(const belay_ctx *parent,
                                    belay_duration after, int code,
                                    const char *text)
{
    return belay_with_timeout_cause_at(parent, after, code, text, "?");
}

belay_ctx *belay_with_value(const belay_ctx *parent,
                            const struct belay_key *key, void *value)
{
    return belay_with_value_at(parent, key, value, "?");
}

belay_ctx *belay_without_cancel(const belay_ctx *parent)
{
    return belay_without_cancel_at(parent, "?");
}
