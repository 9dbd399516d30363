/* SPDX-License-Identifier: MIT */
#ifndef DEMO_FRAME_H
#define DEMO_FRAME_H

#include "lanes.h"
#include "text.h"

enum { LANES_SHOWN = 60 };

struct server;

/* Writes the state of all lanes as JSON; `lanes` has room for LANES_SHOWN. */
void frame_write(struct server *server, struct lane *lanes, struct text *text);

#endif
