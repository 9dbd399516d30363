/* SPDX-License-Identifier: MIT */

#include <belay/commit.h>

bool belay_commit_at(belay_ctx *op, const char *where)
{
    return belay_cancel_cause_at(op, where, BELAY_COMMITTED, "committed");
}
