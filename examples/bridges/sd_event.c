/*
 * An sd-event loop that is told when a context ends, and drives its deadline.
 *
 * pkg-config: libsystemd
 *
 *     cc sd_event.c $(pkg-config --cflags --libs libsystemd belay) && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

/* Calls fn in the loop, once, when ctx ends.  The source is given back with
   sd_event_source_disable_unref(), before ctx.  Never told: no source. */
static int add_end(sd_event *event, sd_event_source **ret_source,
                   const belay_ctx *ctx, sd_event_io_handler_t fn, void *arg)
{
    *ret_source = NULL;
    int fd = belay_fd(ctx);
    if (fd < 0)
        return fd == -ENOTSUP ? 0 : fd;
    int err = sd_event_add_io(event, ret_source, fd, EPOLLIN, fn, arg);
    if (err >= 0)
        err = sd_event_source_set_enabled(*ret_source, SD_EVENT_ONESHOT);
    return err;
}

static int run_clock(sd_event_source *source, int fd, uint32_t events,
                     void *arg)
{
    (void)source, (void)fd, (void)events, (void)arg;
    return belay_clock_run();
}

static int on_end(sd_event_source *source, int fd, uint32_t events, void *arg)
{
    (void)fd, (void)events;
    printf("%s\n", (const char *)arg);
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

int main(void)
{
    sd_event *event = NULL;
    sd_event_source *end;
    if (sd_event_new(&event) < 0 ||
        sd_event_add_io(event, NULL, belay_clock_fd(), EPOLLIN, run_clock,
                        NULL) < 0)
        return 1;
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    if (add_end(event, &end, ctx, on_end, "the request is over") >= 0)
        sd_event_loop(event);
    sd_event_source_disable_unref(end);
    belay_end(ctx);
    sd_event_unref(event);
    return 0;
}
