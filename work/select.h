/* SPDX-License-Identifier: MIT */
#ifndef BELAY_WORK_SELECT_H
#define BELAY_WORK_SELECT_H

/* What the cases of a select can be asked and told: select_case.c. */

#include "turn.h"

#include <belay/select.h>

struct belay__cases {
    struct belay_case *first;
    size_t count;
    uint32_t guards; /* of all their channels */
    size_t fds;      /* how many are descriptors */
    belay_time when; /* the earliest instant; BELAY_FOREVER: none */
};

#define BELAY__EACH(which, cases) \
    struct belay_case *which = (cases)->first; \
    which < (cases)->first + (cases)->count; \
    ++which

struct belay__cases belay__cases_of(struct belay_case *cases, size_t count);

/*
 * Polls the descriptors and keeps their events: how many have some, 0 if ctx
 * has ended, or a negative errno.
 */
int belay__cases_poll(const struct belay__cases *cases, const belay_ctx *ctx,
                      belay_duration timeout);

/* Outside, for it may wait for an ending: asks the contexts. */
void belay__cases_ask(const struct belay__cases *cases);

/* Under the guards: could happen now, as far as one can tell. */
bool belay__case_is_ready(const struct belay_case *which, belay_time now);

/* Under the guards: happens, unless another was quicker. */
bool belay__case_happen(struct belay_case *which, belay_ctx **ret_called);

/* Under the guards: into the queues of the channels, and out of them. */
void belay__cases_join(const struct belay__cases *cases,
                       struct belay__turn *turn);
void belay__cases_leave(const struct belay__cases *cases);

/* Outside: watches the contexts, and does so no more.  May serve the turn. */
void belay__cases_watch(const struct belay__cases *cases);
void belay__cases_unwatch(const struct belay__cases *cases);

#endif
