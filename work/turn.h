/* SPDX-License-Identifier: MIT */
#ifndef BELAY_WORK_TURN_H
#define BELAY_WORK_TURN_H

/*
 * What all that waits has in common: a turn, a place in a queue, a guard.
 *
 * A thread that has to wait makes a child of its context, its *turn*, puts a
 * place with it into a queue, and blocks in belay_wait() on it.  Whoever has
 * what it waits for *claims* the turn, which one party can, and ends it.  So
 * the end of the context, its deadline, memory that runs out, a clock that the
 * program drives and one that a test moves are all the core's, and there is
 * one way to be woken up.
 *
 * Guards.  A queue, and all that decides over who waits in it, is guarded by
 * one of a fixed number of locks, chosen by the address of the object.  Since
 * they outlive every object, whoever has been served may free it while the one
 * who served is still unlocking; fork() can hold them all; and a select can
 * take those of all its channels, in their order, as a set.
 *
 * Under a guard nothing is allocated, and no context made, asked, ended or let
 * go.  So whoever holds one never waits for a lock of the core, and fork() may
 * take both in any order.
 */

#include <belay/channel.h>

#include <stdatomic.h>
#include <stdint.h>

/* --- Guards: a set of them is a word, a bit for each -------------------- */

uint32_t belay__guard_of(const void *object);
void belay__lock(uint32_t guards);
void belay__unlock(uint32_t guards);

/* --- Turns -------------------------------------------------------------- */

struct belay__turn {
    _Atomic(belay_ctx *) claim; /* whoever takes it out of here ends it */
    const belay_ctx *ctx;       /* the same, to wait for */
    struct belay_place *served; /* by whoever claimed it */
};

/* Takes over what was just made for it.  Or returns why that was refused. */
int belay__turn_begin(struct belay__turn *turn, belay_ctx *made);

/* Returns what the caller has to end, outside the guard; NULL: it is late. */
belay_ctx *belay__turn_claim(struct belay__turn *turn);

/* The thread has been through its turn: no place with it is in a queue. */
void belay__turn_end(struct belay__turn *turn);

/* --- Queues: all of it under the guard ---------------------------------- */

/* Returns who has waited longest, or NULL. */
struct belay_place *belay__queue_first(struct belay_queue *queue);
void belay__queue_push(struct belay_queue *queue, struct belay_place *place);
void belay__queue_remove(struct belay_queue *queue, struct belay_place *place);

/*
 * Takes out the first whose turn can be claimed, with `result` for it, and
 * tells what to end outside the guard; or returns NULL and tells NULL.
 */
struct belay_place *belay__queue_serve(struct belay_queue *queue, int result,
                                       belay_ctx **ret_called);

/* --- Both, without the guard -------------------------------------------- */

/*
 * Waits for a turn whose place was put into queue, and ends the turn.  True:
 * it was served, by who took it out.  False: the context has ended, and it has
 * left.
 */
bool belay__queue_await(struct belay_queue *queue, uint32_t guard,
                        struct belay_place *place);

/*
 * Called under the guard, and leaves it: serves all that are in queue now.
 * Does not touch queue any more once the last of them may go on.
 */
void belay__queue_serve_all(struct belay_queue *queue, uint32_t guard,
                            int result);

/* mutex.c: locks again what a condition has unlocked; cannot fail. */
void belay__mutex_relock(struct belay_mutex *mutex);

/* --- Channels, for select: under the guard ------------------------------ */

/* Could be done now, as far as can be told without doing it. */
bool belay__channel_can_send(struct belay_channel *channel);
bool belay__channel_can_recv(struct belay_channel *channel);

/* 0, -EAGAIN or the error of a closed channel; as belay__queue_serve(). */
int belay__channel_send(struct belay_channel *channel, const void *element,
                        belay_ctx **ret_called);
int belay__channel_recv(struct belay_channel *channel, void *element,
                        belay_ctx **ret_called);

struct belay_queue *belay__channel_senders(struct belay_channel *channel);
struct belay_queue *belay__channel_receivers(struct belay_channel *channel);

#endif
