/* SPDX-License-Identifier: MIT */

/*
 * Under the guard, of the channel's address: receivers wait only where nothing
 * is in it and no sender waits, senders only where it is full.
 */

#include "turn.h"

#include <stdlib.h>
#include <string.h>

struct belay_channel {
    struct belay_queue senders;
    struct belay_queue receivers;
    size_t size;
    size_t capacity;
    size_t first; /* of the elements that are in it, ... */
    size_t count; /* ... in a ring */
    int refusal;  /* 0; -EPIPE: closed; -ENOMEM: there was no memory for it */
    char elements[];
};

static struct belay_channel no_memory = {.refusal = -ENOMEM};

struct belay_channel *belay_channel_make(size_t size, size_t capacity)
{
    size_t space;
    struct belay_channel *channel = NULL;
    if (!__builtin_mul_overflow(size, capacity, &space) &&
        !__builtin_add_overflow(space, sizeof *channel, &space))
        channel = malloc(space);
    if (channel == NULL)
        return &no_memory;
    *channel = (struct belay_channel){.size = size, .capacity = capacity};
    return channel;
}

void belay_channel_end(struct belay_channel *channel)
{
    if (channel != &no_memory)
        free(channel);
}

static void copy(const struct belay_channel *channel, void *to,
                 const void *from)
{
    if (channel->size > 0)
        memcpy(to, from, channel->size);
}

static char *slot(struct belay_channel *channel, size_t at)
{
    return channel->elements + at % channel->capacity * channel->size;
}

static void put(struct belay_channel *channel, const void *element)
{
    copy(channel, slot(channel, channel->first + channel->count), element);
    ++channel->count;
}

static void get(struct belay_channel *channel, void *element)
{
    copy(channel, element, slot(channel, channel->first));
    channel->first = (channel->first + 1) % channel->capacity;
    --channel->count;
}

/* --- Under the guard, without waiting ----------------------------------- */

int belay__channel_send(struct belay_channel *channel, const void *element,
                        belay_ctx **ret_called)
{
    *ret_called = NULL;
    if (channel->refusal != 0)
        return channel->refusal;
    struct belay_place *receiver =
        belay__queue_serve(&channel->receivers, 0, ret_called);
    if (receiver != NULL)
        copy(channel, receiver->element, element);
    else if (channel->count < channel->capacity)
        put(channel, element);
    else
        return -EAGAIN;
    return 0;
}

int belay__channel_recv(struct belay_channel *channel, void *element,
                        belay_ctx **ret_called)
{
    bool is_buffered = channel->count > 0;
    if (is_buffered)
        get(channel, element);
    struct belay_place *sender =
        belay__queue_serve(&channel->senders, 0, ret_called);
    if (sender != NULL && is_buffered)
        put(channel, sender->element);
    else if (sender != NULL)
        copy(channel, element, sender->element);
    else if (!is_buffered)
        return channel->refusal != 0 ? channel->refusal : -EAGAIN;
    return 0;
}

/* Whether anybody waits, who has not been served in another queue. */
static bool has_waiting(struct belay_queue *queue)
{
    struct belay_place *first = belay__queue_first(queue);
    struct belay_place *place = first;
    while (place != NULL) {
        if (atomic_load_explicit(&place->turn->claim, memory_order_relaxed))
            return true;
        place = place->next != first ? place->next : NULL;
    }
    return false;
}

bool belay__channel_can_send(struct belay_channel *channel)
{
    return channel->refusal != 0 || channel->count < channel->capacity ||
           has_waiting(&channel->receivers);
}

bool belay__channel_can_recv(struct belay_channel *channel)
{
    return channel->refusal != 0 || channel->count > 0 ||
           has_waiting(&channel->senders);
}

struct belay_queue *belay__channel_senders(struct belay_channel *channel)
{
    return &channel->senders;
}

struct belay_queue *belay__channel_receivers(struct belay_channel *channel)
{
    return &channel->receivers;
}

/* --- One way or the other ----------------------------------------------- */

enum way { SEND, RECV };

/* Under the guard. */
static int pass_now(struct belay_channel *channel, enum way way, void *element,
                    belay_ctx **ret_called)
{
    return way == SEND ? belay__channel_send(channel, element, ret_called)
                       : belay__channel_recv(channel, element, ret_called);
}

static int try_to_pass(struct belay_channel *channel, enum way way,
                       void *element)
{
    uint32_t guard = belay__guard_of(channel);
    belay_ctx *called;
    belay__lock(guard);
    int result = pass_now(channel, way, element, &called);
    belay__unlock(guard);
    belay_end(called);
    return result;
}

static int wait_to_pass(const belay_ctx *ctx, struct belay_channel *channel,
                        enum way way, void *element)
{
    uint32_t guard = belay__guard_of(channel);
    struct belay_queue *queue =
        way == SEND ? &channel->senders : &channel->receivers;
    struct belay__turn turn;
    struct belay_place place = {.turn = &turn, .element = element};
    belay_ctx *called;
    int err = belay__turn_begin(&turn, belay_with_cancel(ctx));
    if (err != 0)
        return err;
    belay__lock(guard);
    int result = pass_now(channel, way, element, &called);
    if (result == -EAGAIN)
        belay__queue_push(queue, &place);
    belay__unlock(guard);
    belay_end(called);

    if (result != -EAGAIN)
        belay__turn_end(&turn);
    else if (belay__queue_await(queue, guard, &place))
        result = place.result;
    else
        result = belay_err(ctx);
    return result;
}

static int pass(const belay_ctx *ctx, struct belay_channel *channel,
                enum way way, void *element)
{
    int result = belay_err(ctx);
    if (result == 0)
        result = try_to_pass(channel, way, element);
    return result == -EAGAIN ? wait_to_pass(ctx, channel, way, element)
                             : result;
}

int belay_channel_send(const belay_ctx *ctx, struct belay_channel *channel,
                       const void *element)
{
    return pass(ctx, channel, SEND, (void *)element);
}

int belay_channel_recv(const belay_ctx *ctx, struct belay_channel *channel,
                       void *element)
{
    return pass(ctx, channel, RECV, element);
}

int belay_channel_try_send(struct belay_channel *channel, const void *element)
{
    return try_to_pass(channel, SEND, (void *)element);
}

int belay_channel_try_recv(struct belay_channel *channel, void *element)
{
    return try_to_pass(channel, RECV, element);
}

bool belay_channel_close(struct belay_channel *channel)
{
    uint32_t guard = belay__guard_of(channel);
    belay__lock(guard);
    if (channel->refusal != 0) {
        belay__unlock(guard);
        return false;
    }
    channel->refusal = -EPIPE;
    /* Nobody comes any more: what is empty now may be gone later. */
    bool do_receivers_wait = belay__queue_first(&channel->receivers) != NULL;
    belay__queue_serve_all(&channel->senders, guard, -EPIPE);
    if (do_receivers_wait) {
        belay__lock(guard);
        belay__queue_serve_all(&channel->receivers, guard, -EPIPE);
    }
    return true;
}
