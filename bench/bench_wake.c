/* SPDX-License-Identifier: MIT */

/* s9.wake: a thread in belay_wait(), and one in epoll on belay_fd(). */

#include "belay_node.h"
#include "questions/wake.h"

#include <sys/epoll.h>

static belay_ctx *ctx;
static int poller;

static void set(void)
{
    ctx = belay_with_cancel(NULL);
}

static void sleep_in_wait(void)
{
    belay_wait(ctx);
}

static void wake(void)
{
    belay_cancel(ctx);
}

static void clear(void)
{
    belay_end(ctx);
}

static void set_fd(void)
{
    set();
    struct epoll_event what;
    memset(&what, 0, sizeof what);
    what.events = EPOLLIN;
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, belay_fd(ctx), &what) != 0)
        abort();
}

static void sleep_in_epoll(void)
{
    struct epoll_event got;
    while (epoll_wait(poller, &got, 1, -1) != 1)
        ;
}

static void clear_fd(void)
{
    close(poller);
    clear();
}

static void ask_wake(size_t tries)
{
    static const struct sleeper sleeper = {"s9.wake", set, sleep_in_wait, wake,
                                           clear};
    ask_sleeper(&sleeper, tries);
}

static void ask_wake_fd(size_t tries)
{
    static const struct sleeper sleeper = {"s9.wake_fd", set_fd, sleep_in_epoll,
                                           wake, clear_fd};
    ask_sleeper(&sleeper, tries);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"s9.wake", ask_wake, 2000},
        {"s9.wake_fd", ask_wake_fd, 2000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
