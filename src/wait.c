/* SPDX-License-Identifier: MIT */

/* Waiting: a watch without a function, on the stack of whoever waits. */

#include "internal.h"

#include <string.h>

/*
 * Where the program drives the clock, nobody may do so while this thread
 * waits: it looks after the deadline itself.
 */
static belay_time wake_up_for(belay_time deadline, belay_time until)
{
    return belay__clock_is_driven() && deadline < until ? deadline : until;
}

/*
 * A waiter may go on while the subtree is being marked, if it looks, or is
 * woken by a bell: it does when the lock has been free since, and thus all is
 * marked.
 */
static void await_marking(const struct belay_watch *waiter)
{
    atomic_uint *locked = &belay__families[waiter->family % FAMILIES].locked;
    if (atomic_load_explicit(locked, memory_order_acquire) == 0)
        return;
    lock(locked);
    unlock(locked);
}

/* Returns 0 when it is `until`, or the error of ctx as soon as it has ended. */
static int wait_until(const belay_ctx *ctx, belay_time until)
{
    struct cancel_ctx *ended = ender(ctx);
    if (ended == NULL) {
        atomic_int unchanging = 0;
        while (OS(wait)(&unchanging, 0, until) != -ETIMEDOUT)
            continue;
        return 0;
    }

    /* Once it waits, it does not need ctx any more, which may go meanwhile. */
    belay_time deadline = ended->deadline;
    struct belay_watch waiter;
    if (!belay__watch(ctx, &waiter, NULL, NULL))
        return belay_err(ctx);
    for (;;) {
        DELAY_POINT("wait");
        /* Acquires what belay__gather() releases. */
        int state =
            atomic_load_explicit(watch_state(&waiter), memory_order_acquire);
        if (state < 0) {
            await_marking(&waiter);
            return state;
        }
        belay_time next = wake_up_for(deadline, until);
        if (OS(wait)(watch_state(&waiter), WATCHING, next) != -ETIMEDOUT)
            continue;
        if (next != until)
            belay_clock_run();
        else if (belay_try_unwatch(&waiter) == 1)
            return 0;
    }
}

int belay_wait(const belay_ctx *ctx)
{
    return wait_until(ctx, BELAY_FOREVER);
}

int belay_sleep(const belay_ctx *ctx, belay_duration duration)
{
    int err = belay_err(ctx);
    if (err != 0 || duration <= 0)
        return err;
    return wait_until(ctx, saturating_add(OS(now)(), duration));
}

/* --- A descriptor ------------------------------------------------------- */

/* Under the lock: the descriptor that ctx has, or -1. */
static int fd_of(struct cancel_ctx *ctx)
{
    if (state_of(&ctx->base) == LIVE)
        arrive(ctx);
    return ctx->fd;
}

int belay_fd(const belay_ctx *ctx)
{
    CHECK_USED(ctx);
    struct cancel_ctx *ended = ender(ctx);
    if (ended == NULL)
        return -ENOTSUP;

    atomic_uint *locked = &family_of(ended)->locked;
    lock(locked);
    int fd = fd_of(ended);
    unlock(locked);
    if (fd >= 0)
        return fd;

    int event = OS(event)();
    if (event < 0)
        return event;
    DELAY_POINT("fd");
    lock(locked);
    fd = fd_of(ended);
    if (fd < 0) {
        ended->fd = event;
        ended->process = process_now();
        if (state_of(&ended->base) != LIVE)
            OS(signal)(event);
    }
    unlock(locked);
    if (fd < 0)
        return event;
    OS(close)(event); /* another thread was faster */
    return fd;
}

/* --- poll() ------------------------------------------------------------- */

static int forget_events(struct pollfd *fds, nfds_t count, int err)
{
    for (nfds_t i = 0; i < count; ++i)
        fds[i].revents = 0;
    return err;
}

/* Polls, and drives the clock for the deadline where the program does. */
static int poll_until(belay_time deadline, struct belay_watch *waiter,
                      struct pollfd *fds, nfds_t count, belay_time until)
{
    for (;;) {
        belay_time next = wake_up_for(deadline, until);
        int ready = OS(poll)(fds, count, next);
        if (ready == 0 && next != until)
            belay_clock_run();
        else if (ready != -EINTR)
            return ready;
        /* In a fork() within a signal handler, whoever was to ring is gone. */
        if (atomic_load_explicit(watch_state(waiter), memory_order_acquire) < 0)
            return 0;
    }
}

/* It is used up: but not before it has rung, unless that is the parent's. */
static void close_rung(int bell, uint8_t process)
{
    struct pollfd asked = {.fd = bell, .events = POLLIN};
    while (process == process_now() && asked.revents == 0)
        OS(poll)(&asked, 1, BELAY_FOREVER);
    OS(close)(bell);
}

/* As poll_until(), fds[count] being left for the bell that ctx will ring. */
static int poll_with_bell(const struct cancel_ctx *ctx, struct pollfd *fds,
                          nfds_t count, belay_time until)
{
    struct belay_watch waiter;
    uint8_t process = process_now();
    int bell = belay__take_bell();
    if (bell < 0)
        return bell;
    DELAY_POINT("poll");
    belay_time deadline = ctx->deadline;
    int ready = 0;
    bool has_ended = false;
    if (belay__watch(&ctx->base, &waiter, NULL, &bell)) {
        fds[count] = (struct pollfd){.fd = bell, .events = POLLIN};
        ready = poll_until(deadline, &waiter, fds, count + 1, until);
        if (ready > 0 && fds[count].revents != 0)
            --ready;
        has_ended = belay_try_unwatch(&waiter) == 0;
    }
    if (has_ended) {
        await_marking(&waiter);
        close_rung(bell, process);
    } else if (process != process_now()) {
        OS(close)(bell); /* forked as above: the parent has it as well */
    } else {
        belay__put_bell(bell);
    }
    return ready;
}

/* Polls fds until ctx ends as well: how many of fds are ready. */
static int poll_both(const struct cancel_ctx *ctx, struct pollfd *fds,
                     nfds_t count, belay_time until)
{
    enum { FEW = 16 };
    struct pollfd few[FEW];
    if (count > SIZE_MAX / sizeof *fds - 1)
        return -EINVAL;
    struct pollfd *both =
        count < FEW ? few : OS(allocate)((count + 1) * sizeof *both);
    if (both == NULL)
        return -ENOMEM;
    memcpy(both, fds, count * sizeof *fds);
    int ready = poll_with_bell(ctx, both, count, until);
    for (nfds_t i = 0; i < count; ++i)
        fds[i].revents = both[i].revents;
    if (both != few)
        OS(release)(both);
    return ready;
}

int belay_poll(const belay_ctx *ctx, struct pollfd *fds, nfds_t count,
               belay_duration timeout)
{
    int err = belay_err(ctx);
    if (err != 0)
        return forget_events(fds, count, err);
    belay_time until =
        timeout < 0 ? BELAY_FOREVER : saturating_add(OS(now)(), timeout);
    const struct cancel_ctx *ended = ender(ctx);
    int ready;
    if (ended == NULL)
        do
            ready = OS(poll)(fds, count, until);
        while (ready == -EINTR);
    else if (count == 0)
        ready = wait_until(ctx, until);
    else if ((ready = OS(poll)(fds, count, 0)) == 0 || ready == -EINTR)
        ready = poll_both(ended, fds, count, until);

    err = belay_err(ctx);
    if (err != 0)
        ready = err;
    return ready < 0 ? forget_events(fds, count, ready) : ready;
}
