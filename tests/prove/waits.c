/* SPDX-License-Identifier: MIT */

/* What threads ask and wait for, and what must come of it. */

#include "world.h"

#include "verbs.h"

/* --- Asking and waiting ------------------------------------------------- */

void ask(const struct op *op)
{
    struct node *node = pick(op->a);
    if (node == NULL)
        return;
    pin(node);
    int before = end_of(node);
    int err = belay_err(node->ctx);
    if (before == ENDING)
        HIT(asked_while_ending);
    if (before < 0 && err != before)
        fail("an end has changed");
    if (err != 0)
        must_have_ended(node);
    if (err != 0) {
        struct node *ended = ender_of(node);
        struct node *above = ender_of(ended->parent);
        const struct belay_cause *cause = belay_cause(node->ctx);
        bool by_parent = cause != &((struct cancel_ctx *)ended->ctx)->own;
        if (above != NULL && is_held(above) && is_held(ended) && by_parent) {
            pin(above);
            if (belay_err(above->ctx) != err)
                fail("a parent has ended its child, and not itself");
            unpin(above);
        }
        if (cause == NULL || belay_remaining(node->ctx) != 0)
            fail("what has ended has no cause, or time left");
        if (cause->code == BELAY_DEADLINE_EXCEEDED || cause->code == -EIO)
            HIT(deadline_won);
    }
    void *value;
    if (belay_value(node->ctx, &value_key, &value) && value != &world)
        fail("a value is not what it was");
    unpin(node);
}

/* A wait that says that node has ended has seen all below end. */
static void must_have_seen(const struct node *node, int err)
{
    int end = end_of(node);
    if (err == 0)
        return;
    if (end != err)
        fail("a wait ends with %d, and the context with %d", err, end);
    must_have_ended(node);
}

static void wait(const struct op *op, bool with_end)
{
    struct node *node = pick(op->a);
    int self = schedule_self();
    if (node == NULL || world.telling[self] != NULL)
        return;
    bool ends = ender_of(node) != NULL;
    belay_duration most = with_end || !ends ? duration_of(op) : BELAY_FOREVER;
    if (op->verb == 'P' && most < 0)
        most = 0; /* it would be for ever */
    pin(node);
    int before = end_of(node);
    unsigned sleeps = schedule_sleeps();
    belay_time from = schedule_now();
    world.waits_on[self] = node;
    int err;
    if (op->verb == 'P')
        err = belay_poll(node->ctx, NULL, 0, most);
    else if (most != BELAY_FOREVER)
        err = belay_sleep(node->ctx, most);
    else
        err = belay_wait(node->ctx);
    world.waits_on[self] = NULL;
    bool slept = schedule_sleeps() != sleeps;
    if (before < 0 && (slept || err != before))
        fail("a wait for what is over is not over at once");
    must_have_seen(node, err);
    if (err == 0 && most > 0 && schedule_now() < from + most)
        fail("a sleep is too short");
    if (most == BELAY_FOREVER && err == 0)
        fail("a wait without an end has ended");
    if (before < 0)
        HIT(wait_at_once);
    else if (most == BELAY_FOREVER)
        slept ? HIT(wait_woken) : HIT(wait_met);
    else
        err == 0 ? HIT(sleep_full) : HIT(sleep_ended);
    unpin(node);
}

void wait_long(const struct op *op)
{
    wait(op, op->a % 3 == 0);
}

void wait_shortly(const struct op *op)
{
    wait(op, true);
}

void ask_fd(const struct op *op)
{
    struct node *node = pick(op->a);
    if (node == NULL)
        return;
    pin(node);
    int before = end_of(node);
    int fd = belay_fd(node->ctx);
    struct node *ended = ender_of(node);
    if ((fd == -ENOTSUP) != (ended == NULL))
        fail("a descriptor of what cannot end, or none of what can");
    if (fd < 0 && ended != NULL && faults.descriptors == 0)
        fail("a descriptor is refused for no reason");
    if (fd < 0 && ended != NULL)
        HIT(fd_refused);
    if (fd >= 0) {
        if (ended->fd >= 0 && ended->fd != fd)
            fail("a context has two descriptors");
        ended->fd = fd;
        if (seams_is_signaled(fd) != (end_of(node) != LIVE) &&
            end_of(node) != ENDING)
            fail("a descriptor and its context disagree");
        if (end_of(node) < 0)
            before == LIVE ? HIT(fd_made_in_race) : HIT(fd_ended);
        else
            HIT(fd_live);
    }
    unpin(node);
}

static void poll_two(const struct op *op)
{
    struct node *node = pick(op->a);
    int self = schedule_self();
    if (node == NULL || world.telling[self] != NULL)
        return;
    int event = seams_event();
    if (op->b % 5 == 0)
        seams_signal(event);
    struct pollfd fds = {.fd = event, .events = POLLIN};
    pin(node);
    world.waits_on[self] = ender_of(node);
    bool is_endless = op->b % 3 == 0 && ender_of(node) != NULL;
    belay_duration most = is_endless            ? -1
                          : duration_of(op) < 0 ? 0
                                                : duration_of(op);
    int ready = belay_poll(node->ctx, &fds, 1, most);
    world.waits_on[self] = NULL;
    bool is_refused = ready == -EMFILE || ready == -ENOMEM;
    if (!is_refused)
        must_have_seen(node, ready < 0 ? ready : 0);
    if (ready < 0 ? fds.revents != 0 : (ready == 1) != (op->b % 5 == 0))
        fail("a poll says what is not so");
    ready < 0    ? HIT(poll_ended)
    : ready == 0 ? HIT(poll_timed_out)
                 : HIT(poll_ready);
    unpin(node);
    seams_close(event);
}

void poll_events(const struct op *op)
{
    op->b % 2 == 0 ? wait(op, true) : poll_two(op);
}

/* --- Driving the clock -------------------------------------------------- */

static void drive(void *arg)
{
    int timer = *(int *)arg;
    for (;;) {
        struct pollfd fds[] = {{timer, POLLIN, 0},
                               {world.driver_fd, POLLIN, 0}};
        belay__seams.poll(fds, 2, BELAY_FOREVER);
        if (fds[1].revents != 0)
            return;
        belay_clock_run();
    }
}

void start_driving(const struct op *op)
{
    (void)op;
    static int timer;
    int fd = belay_clock_fd();
    if (fd < 0 || world.driver >= 0)
        return;
    timer = fd;
    world.driver_fd = seams_event();
    world.driver = schedule_start(drive, &timer);
    HIT(clock_taken_over);
}

/* From here on, only who waits looks after its deadline. */
void take_over(const struct op *op)
{
    (void)op;
    world.is_undriven = belay_clock_fd() >= 0;
}

void stop_driving(void)
{
    if (world.driver < 0)
        return;
    seams_signal(world.driver_fd);
    schedule_join(world.driver);
    seams_close(world.driver_fd);
}
