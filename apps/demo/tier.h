/* SPDX-License-Identifier: MIT */
#ifndef DEMO_TIER_H
#define DEMO_TIER_H

/*
 * Tier 2: a second HTTP server, at a port of its own, whose query ends with
 * the connection that asked for it, and with the time that it was given.  It
 * knows nothing of the first one's contexts.
 */

#include "lanes.h"

#include <belay/mhd.h>

struct tier {
    struct belay_mhd *http;
    int port;
    struct lanes *lanes; /* to note down in what is seen */
};

/* 0, or a negative errno. */
int tier_start(struct tier *tier, struct lanes *lanes);
void tier_stop(struct tier *tier);

#endif
