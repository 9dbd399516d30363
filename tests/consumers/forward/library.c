/* SPDX-License-Identifier: MIT */
#include "library.h"

#include <belay/belay.h>

int library_work(const belay_ctx *ctx, int steps)
{
    int done = 0;
    while (done < steps && belay_err(ctx) == 0)
        ++done;
    return done;
}
