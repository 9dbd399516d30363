/* SPDX-License-Identifier: MIT */
#include "select.h"

#include <stdlib.h>
#include <string.h>

enum kind { NEVER, RECV, SEND, ENDED, AT, FD };

/* --- Making ------------------------------------------------------------- */

static struct belay_case
channel_case(enum kind kind, struct belay_channel *channel, void *element)
{
    if (channel == NULL)
        kind = NEVER;
    return (struct belay_case){
        .kind = (int)kind, .of.channel = channel, .place.element = element};
}

struct belay_case belay_case_recv(struct belay_channel *channel, void *element)
{
    return channel_case(RECV, channel, element);
}

struct belay_case belay_case_send(struct belay_channel *channel,
                                  const void *element)
{
    return channel_case(SEND, channel, (void *)element);
}

struct belay_case belay_case_ended(const belay_ctx *ctx)
{
    return (struct belay_case){.kind = ENDED, .of.ctx = ctx};
}

struct belay_case belay_case_at(belay_time when)
{
    return (struct belay_case){.kind = AT, .of.when = when};
}

struct belay_case belay_case_after(belay_duration duration)
{
    belay_time now = belay_now();
    bool is_endless = duration > BELAY_FOREVER - now;
    return belay_case_at(is_endless ? BELAY_FOREVER : now + duration);
}

struct belay_case belay_case_fd(int fd, short events)
{
    return (struct belay_case){.kind = FD, .of.fd = {fd, events, 0}};
}

static struct belay_queue *queue_of(const struct belay_case *which)
{
    if (which->kind == SEND)
        return belay__channel_senders(which->of.channel);
    if (which->kind == RECV)
        return belay__channel_receivers(which->of.channel);
    return NULL;
}

struct belay__cases belay__cases_of(struct belay_case *first, size_t count)
{
    struct belay__cases cases = {first, count, 0, 0, BELAY_FOREVER};
    for (BELAY__EACH(which, &cases)) {
        which->place.next = NULL;
        if (queue_of(which) != NULL)
            cases.guards |= belay__guard_of(which->of.channel);
        else if (which->kind == AT && which->of.when < cases.when)
            cases.when = which->of.when;
        else if (which->kind == FD)
            ++cases.fds;
    }
    return cases;
}

/* --- Descriptors -------------------------------------------------------- */

int belay__cases_poll(const struct belay__cases *cases, const belay_ctx *ctx,
                      belay_duration timeout)
{
    enum { FEW = 16 };
    struct pollfd few[FEW];
    size_t count = 0;
    if (cases->fds == 0)
        return 0;
    struct pollfd *fds =
        cases->fds <= FEW ? few : calloc(cases->fds, sizeof *fds);
    if (fds == NULL)
        return -ENOMEM;

    for (BELAY__EACH(which, cases))
        if (which->kind == FD)
            fds[count++] = which->of.fd;
    int ready = belay_poll(ctx, fds, count, timeout);
    count = 0;
    for (BELAY__EACH(which, cases))
        if (which->kind == FD)
            which->of.fd.revents = fds[count++].revents;
    if (fds != few)
        free(fds);
    return ready >= 0 || belay_err(ctx) == 0 ? ready : 0;
}

/* --- Happening ---------------------------------------------------------- */

void belay__cases_ask(const struct belay__cases *cases)
{
    for (BELAY__EACH(which, cases))
        if (which->kind == ENDED)
            which->place.result = belay_err(which->of.ctx);
}

bool belay__case_is_ready(const struct belay_case *which, belay_time now)
{
    switch (which->kind) {
    case RECV:
        return belay__channel_can_recv(which->of.channel);
    case SEND:
        return belay__channel_can_send(which->of.channel);
    case ENDED:
        return which->place.result != 0;
    case AT:
        return which->of.when <= now;
    case FD:
        return which->of.fd.revents != 0;
    default:
        return false;
    }
}

bool belay__case_happen(struct belay_case *which, belay_ctx **ret_called)
{
    *ret_called = NULL;
    which->result = 0;
    if (which->kind == RECV)
        which->result = belay__channel_recv(which->of.channel,
                                            which->place.element, ret_called);
    else if (which->kind == SEND)
        which->result = belay__channel_send(which->of.channel,
                                            which->place.element, ret_called);
    else if (which->kind == ENDED)
        which->result = which->place.result;
    else if (which->kind == FD)
        which->result = which->of.fd.revents;
    return which->result != -EAGAIN;
}

/* --- Waiting ------------------------------------------------------------ */

void belay__cases_join(const struct belay__cases *cases,
                       struct belay__turn *turn)
{
    for (BELAY__EACH(which, cases)) {
        which->place.turn = turn;
        if (queue_of(which) != NULL)
            belay__queue_push(queue_of(which), &which->place);
    }
}

void belay__cases_leave(const struct belay__cases *cases)
{
    for (BELAY__EACH(which, cases))
        if (which->place.next != NULL)
            belay__queue_remove(queue_of(which), &which->place);
}

static void serve(void *arg, int err)
{
    struct belay_case *which = arg;
    struct belay__turn *turn = which->place.turn;
    belay_ctx *called = belay__turn_claim(turn);
    if (called == NULL)
        return;
    which->place.result = err;
    turn->served = &which->place;
    belay_end(called);
}

void belay__cases_watch(const struct belay__cases *cases)
{
    for (BELAY__EACH(which, cases))
        if (which->kind == ENDED &&
            !belay_watch(which->of.ctx, &which->watch, serve, which))
            serve(which, belay_err(which->of.ctx));
}

void belay__cases_unwatch(const struct belay__cases *cases)
{
    for (BELAY__EACH(which, cases))
        if (which->kind == ENDED)
            belay_unwatch(&which->watch);
}
