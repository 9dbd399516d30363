/*
 * A libevent loop that is told when a context ends, and drives its deadline.
 *
 * pkg-config: libevent_core
 *
 *     cc libevent.c $(pkg-config --cflags --libs libevent_core belay) &&
 * ./a.out
 */
#include <belay/belay.h>

#include <event2/event.h>
#include <stdio.h>

/* Calls fn in the loop, once, when ctx ends.  The event is given back with
   event_free(), before ctx; NULL: no memory, or no descriptor. */
static struct event *add_end(struct event_base *base, const belay_ctx *ctx,
                             event_callback_fn fn, void *arg)
{
    int fd = belay_fd(ctx);
    if (fd < 0 && fd != -ENOTSUP)
        return NULL;
    struct event *event = event_new(base, fd < 0 ? -1 : fd, EV_READ, fn, arg);
    if (event != NULL)
        event_add(event, NULL);
    return event;
}

static void run_clock(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    belay_clock_run();
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    printf("%s\n", (const char *)arg);
}

int main(void)
{
    struct event_base *base = event_base_new();
    int clock_fd = belay_clock_fd(); /* before the first deadline */
    struct event *clock = event_new(base, clock_fd, EV_READ, run_clock, NULL);
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    struct event *end = add_end(base, ctx, on_end, "the request is over");
    event_add(clock, NULL);
    event_base_dispatch(base); /* until there are no events */
    event_free(end);
    event_free(clock);
    belay_end(ctx);
    event_base_free(base);
    return 0;
}
