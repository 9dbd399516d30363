/* SPDX-License-Identifier: MIT */

/* A user who has both headers; C and C++. */
#include "library.h"

#include <belay/belay.h>

int main(void)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int live = library_work(ctx, 3);
    belay_cancel(ctx);
    int ended = library_work(ctx, 3);
    belay_end(ctx);
    return live == 3 && ended == 0 ? 0 : 1;
}
