/* SPDX-License-Identifier: MIT */
#ifndef BELAY_CHANNEL_H
#define BELAY_CHANNEL_H

/*
 * Go's channels: elements of one size pass from senders to receivers, each to
 * one of them, in the order of sending.
 *
 *     struct belay_channel *jobs = belay_channel_make(sizeof(struct job), 16);
 *
 *     err = belay_channel_send(ctx, jobs, &job);           on one thread
 *
 *     while ((err = belay_channel_recv(ctx, jobs, &job)) == 0)
 *         work_on(&job);                                   on some others
 *
 * What waits takes a context, and is as in <belay/sync.h>: 0, belay_err(ctx)
 * or, if it had to wait, -ENOMEM.  What was passed on before the end counts:
 * an error of belay_channel_send() says that nobody has or will have the
 * element, one of belay_channel_recv() that nothing was taken.
 *
 * Elements are copied with a lock held: let large ones be pointers.
 */

#include <belay/sync.h>

struct belay_channel;

/* Gives channel back, which no thread may be using any more.  NULL is fine. */
BELAY_API void belay_channel_end(struct belay_channel *channel);

/*
 * Returns a channel that holds up to `capacity` elements of `size` bytes that
 * have been sent and not received.  Capacity 0: each sender waits until it
 * meets a receiver.  Size 0: nothing is passed but the news; the elements may
 * then be NULL.
 *
 * Never NULL.  If memory runs out, it refuses all that is sent and received
 * with -ENOMEM, and no caller has to check.
 *
 * The caller owns the channel, and gives it back with belay_channel_end(), at
 * which what is left in it is dropped.
 */
BELAY_API BELAY_OWNED(belay_channel_end)
struct belay_channel *belay_channel_make(size_t size, size_t capacity);

/*
 * Passes a copy of *element on: to a receiver that waits, or into the channel,
 * if need be after waiting for either.  -EPIPE: the channel is closed.
 */
BELAY_API BELAY_NONNULL(2) BELAY_MUST_USE
int belay_channel_send(const belay_ctx *ctx, struct belay_channel *channel,
                       const void *element);

/*
 * Takes the element that was sent first, if need be after waiting for it.
 *
 * -EPIPE: the channel is closed, and empty.  Unless 0 is returned, *element is
 * left alone.
 */
BELAY_API BELAY_NONNULL(2) BELAY_MUST_USE
int belay_channel_recv(const belay_ctx *ctx, struct belay_channel *channel,
                       void *element);

/* The same without ever waiting.  -EAGAIN: that cannot be done now. */
BELAY_API BELAY_NONNULL(1) BELAY_MUST_USE
int belay_channel_try_send(struct belay_channel *channel, const void *element);
BELAY_API BELAY_NONNULL(1) BELAY_MUST_USE
int belay_channel_try_recv(struct belay_channel *channel, void *element);

/*
 * Closes channel for good: nothing more can be sent, and those that wait to
 * send or receive are let go with -EPIPE.  What is in it can be received.
 *
 * Returns true if this call closed it.
 */
BELAY_API BELAY_NONNULL(1)
bool belay_channel_close(struct belay_channel *channel);

#endif
