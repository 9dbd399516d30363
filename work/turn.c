/* SPDX-License-Identifier: MIT */

/* Turns, and the queues of those who wait for one. */

#include "turn.h"

#include "fork.h"

/* --- Turns -------------------------------------------------------------- */

int belay__turn_begin(struct belay__turn *turn, belay_ctx *made)
{
    int err = belay_err(made);
    if (err != 0) {
        belay_end(made);
        return err;
    }
    turn->ctx = belay_ref(made);
    turn->served = NULL;
    /* From here on whoever finds a place with it may end it. */
    atomic_store_explicit(&turn->claim, made, memory_order_release);
    return 0;
}

belay_ctx *belay__turn_claim(struct belay__turn *turn)
{
    return atomic_exchange_explicit(&turn->claim, NULL, memory_order_acq_rel);
}

void belay__turn_end(struct belay__turn *turn)
{
    belay_end(belay__turn_claim(turn));
    belay_unref(turn->ctx);
}

/* --- Queues: a ring, of which `first` is the beginning ------------------ */

struct belay_place *belay__queue_first(struct belay_queue *queue)
{
    unsigned process = belay__forks_so_far();
    /* After a fork(): the threads that wait in it are the parent's. */
    if (queue->process != process) {
        queue->process = process;
        queue->first = NULL;
    }
    return queue->first;
}

void belay__queue_push(struct belay_queue *queue, struct belay_place *place)
{
    struct belay_place *first = belay__queue_first(queue);
    if (first == NULL)
        first = queue->first = place->prev = place;
    place->round = queue->round;
    place->prev = first->prev;
    place->next = first;
    place->prev->next = place;
    first->prev = place;
}

void belay__queue_remove(struct belay_queue *queue, struct belay_place *place)
{
    place->next->prev = place->prev;
    place->prev->next = place->next;
    if (queue->first == place)
        queue->first = place->next != place ? place->next : NULL;
    place->next = NULL;
}

struct belay_place *belay__queue_serve(struct belay_queue *queue, int result,
                                       belay_ctx **ret_called)
{
    struct belay_place *place;
    *ret_called = NULL;
    while ((place = belay__queue_first(queue)) != NULL) {
        belay__queue_remove(queue, place);
        struct belay__turn *turn = place->turn;
        *ret_called = belay__turn_claim(turn);
        if (*ret_called != NULL) {
            place->result = result;
            turn->served = place;
            break;
        }
    }
    return place;
}

bool belay__queue_await(struct belay_queue *queue, uint32_t guard,
                        struct belay_place *place)
{
    struct belay__turn *turn = place->turn;
    belay_wait(turn->ctx);
    belay__lock(guard);
    bool is_left = place->next != NULL;
    if (is_left)
        belay__queue_remove(queue, place);
    belay__unlock(guard);
    belay__turn_end(turn);
    return !is_left;
}

void belay__queue_serve_all(struct belay_queue *queue, uint32_t guard,
                            int result)
{
    /* Who comes from now on is of another round, and waits on. */
    unsigned round = queue->round++;
    for (;;) {
        belay_ctx *called;
        belay__queue_serve(queue, result, &called);
        const struct belay_place *next = belay__queue_first(queue);
        bool is_last = next == NULL || (int)(next->round - round) > 0;
        belay__unlock(guard);
        belay_end(called);
        if (is_last)
            return;
        belay__lock(guard);
    }
}
