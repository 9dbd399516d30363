/* SPDX-License-Identifier: MIT */
#ifndef PROVE_VERBS_H
#define PROVE_VERBS_H

#include "world.h"

/* All that a thread may do, each checked as it returns. */

void perform(const struct op *op);
void perform_inside(const struct op *op); /* what a function does */

/* tree.c */
extern const struct belay_key value_key;
belay_duration duration_of(const struct op *op);
void derive(const struct op *op);
void cancel(const struct op *op);
void end(const struct op *op);
void ref(const struct op *op);
void unref(const struct op *op);
void crowd(const struct op *op);
void must_have_ended(const struct node *node); /* and all below */

/* waits.c */
void ask(const struct op *op);
void wait_long(const struct op *op);
void wait_shortly(const struct op *op);
void poll_events(const struct op *op);
void ask_fd(const struct op *op);
void start_driving(const struct op *op);
void take_over(const struct op *op);
void stop_driving(void);

/* told.c */
void register_watch(const struct op *op);
void take_back(const struct op *op);
void try_to_take_back(const struct op *op);
void take_back_and_free(const struct op *op);

/* afters.c */
void register_after(const struct op *op);
void stop_after(const struct op *op);
void join_after(const struct op *op);

#endif
