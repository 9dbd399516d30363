/* SPDX-License-Identifier: MIT */
#ifndef DEMO_GATE_H
#define DEMO_GATE_H

/* Counts the requests inside, and can be closed to new ones. */

#include <belay/belay.h>

#include <pthread.h>

struct gate {
    pthread_mutex_t lock;
    bool is_closed;
    int inside;
    int finished;    /* since it was closed: with an answer ... */
    int canceled;    /* ... and without */
    belay_ctx *idle; /* ends when it is closed and nobody is inside */
};

void gate_open(struct gate *gate);
void gate_close(struct gate *gate);
void gate_remove(struct gate *gate);

bool gate_enter(struct gate *gate);
void gate_leave(struct gate *gate, bool with_answer);

bool gate_is_open(struct gate *gate);

/* Tells how it stands; any pointer may be NULL. */
int gate_count(struct gate *gate, int *ret_finished, int *ret_canceled);

#endif
