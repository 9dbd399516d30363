/* SPDX-License-Identifier: MIT */
#ifndef BELAY_SELECT_H
#define BELAY_SELECT_H

/*
 * Go's select: waits for several things, of which exactly one happens.
 *
 *     struct belay_case cases[] = {
 *         belay_case_recv(jobs, &job),
 *         belay_case_fd(socket, POLLIN),
 *         belay_case_after(5 * BELAY_SECOND),
 *     };
 *     int which = belay_select(ctx, cases, 3);
 *     if (which < 0)
 *         return which;
 *
 * Returns the index of the case that has happened; its `result` says how it
 * went.  The others have not: nothing was sent, nothing received.
 *
 * Negative: belay_err(ctx), if that has ended before any of them happened;
 * -ENOMEM; of belay_poll() for the descriptors, any of its errors.
 *
 * Cases are for one select at a time, and may be used for the next one as they
 * are.  What they name must be there until the select returns.
 */

#include <belay/channel.h>

/* One of the things.  Made by the functions below. */
struct belay_case {
    int kind;
    int result; /* of the case that has happened */
    union {
        struct belay_channel *channel;
        const belay_ctx *ctx;
        belay_time when;
        struct pollfd fd;
    } of;
    struct belay_place place;
    struct belay_watch watch;
};

/* --- Cases -------------------------------------------------------------- */

/*
 * To receive into *element.  The result is 0, or what belay_channel_recv()
 * would return: a channel that is closed and empty happens with -EPIPE.  A
 * NULL channel never happens, which takes a case out.
 */
BELAY_API
struct belay_case belay_case_recv(struct belay_channel *channel, void *element);

/* To send *element, likewise. */
BELAY_API
struct belay_case belay_case_send(struct belay_channel *channel,
                                  const void *element);

/* The end of ctx.  The result is its belay_err(). */
BELAY_API struct belay_case belay_case_ended(const belay_ctx *ctx);

/* An instant, or one that long from now: from the making of the case.  0. */
BELAY_API struct belay_case belay_case_at(belay_time when);
BELAY_API struct belay_case belay_case_after(belay_duration duration);

/*
 * A descriptor, with events as for poll(2).  The result is its revents, with
 * POLLNVAL and POLLERR among them.  A negative descriptor never happens.
 */
BELAY_API struct belay_case belay_case_fd(int fd, short events);

/* --- Selecting ---------------------------------------------------------- */

/*
 * Waits until one of the cases can happen, and lets it.  Where several can, it
 * is any of them, with the same chance for each.
 */
BELAY_API BELAY_MUST_USE
int belay_select(const belay_ctx *ctx, struct belay_case *cases, size_t count);

/*
 * The same, but where several can happen, it is the first in the array: put
 * what is most important first.
 */
BELAY_API BELAY_MUST_USE
int belay_select_first(const belay_ctx *ctx, struct belay_case *cases,
                       size_t count);

/* As belay_select(), without ever waiting.  -EAGAIN: none can happen now. */
BELAY_API BELAY_MUST_USE
int belay_try_select(struct belay_case *cases, size_t count);

#endif
