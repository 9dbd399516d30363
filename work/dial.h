/* SPDX-License-Identifier: MIT */
#ifndef WORK_DIAL_H
#define WORK_DIAL_H

#include <belay/belay.h>

/*
 * How long an attempt is alone before the next begins, with so much time left
 * (BELAY_FOREVER: no deadline) for so many addresses, this one included.
 */
belay_duration belay__head_start(belay_duration left, int addresses);

#endif
