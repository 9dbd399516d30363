/* SPDX-License-Identifier: MIT */
#include "gate.h"

void gate_open(struct gate *gate)
{
    *gate = (struct gate){.idle = belay_with_cancel(NULL)};
    pthread_mutex_init(&gate->lock, NULL);
}

static void end_if_idle(struct gate *gate)
{
    if (gate->is_closed && gate->inside == 0)
        belay_cancel(gate->idle);
}

void gate_close(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->is_closed = true;
    end_if_idle(gate);
    pthread_mutex_unlock(&gate->lock);
}

void gate_remove(struct gate *gate)
{
    belay_end(gate->idle);
    pthread_mutex_destroy(&gate->lock);
}

bool gate_enter(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    bool is_open = !gate->is_closed;
    gate->inside += is_open;
    pthread_mutex_unlock(&gate->lock);
    return is_open;
}

void gate_leave(struct gate *gate, bool with_answer)
{
    pthread_mutex_lock(&gate->lock);
    --gate->inside;
    if (gate->is_closed)
        ++*(with_answer ? &gate->finished : &gate->canceled);
    end_if_idle(gate);
    pthread_mutex_unlock(&gate->lock);
}

bool gate_is_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    bool is_open = !gate->is_closed;
    pthread_mutex_unlock(&gate->lock);
    return is_open;
}

int gate_count(struct gate *gate, int *ret_finished, int *ret_canceled)
{
    pthread_mutex_lock(&gate->lock);
    int inside = gate->inside;
    if (ret_finished != NULL)
        *ret_finished = gate->finished;
    if (ret_canceled != NULL)
        *ret_canceled = gate->canceled;
    pthread_mutex_unlock(&gate->lock);
    return inside;
}
