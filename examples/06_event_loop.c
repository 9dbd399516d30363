/*
 * Contexts in a poll loop: the loop drives the deadlines, no thread is started,
 * and the end of a context is one more descriptor.
 *
 *     cc 06_event_loop.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

enum { CLOCK, TEA, LUNCH, COUNT };

int main(void)
{
    int clock = belay_clock_fd(); /* before the first deadline */
    belay_ctx *tea = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    belay_ctx *lunch = belay_with_timeout(NULL, 200 * BELAY_MILLISECOND);

    struct pollfd fds[COUNT] = {
        [CLOCK] = {.fd = clock, .events = POLLIN},
        [TEA] = {.fd = belay_fd(tea), .events = POLLIN},
        [LUNCH] = {.fd = belay_fd(lunch), .events = POLLIN},
        /* ... and your sockets */
    };
    int err = 0;
    for (int i = 0; i < COUNT && err == 0; ++i)
        err = fds[i].fd < 0 ? fds[i].fd : 0;
    if (err != 0)
        printf("no descriptor: %s\n", belay_strerror(err));

    while (err == 0 && fds[LUNCH].fd >= 0) {
        if (poll(fds, COUNT, -1) < 0)
            continue; /* a signal */
        if (fds[CLOCK].revents != 0)
            belay_clock_run();
        for (int i = TEA; i <= LUNCH; ++i) {
            if (fds[i].revents == 0)
                continue;
            printf("%s\n", i == TEA ? "tea is ready" : "lunch is over");
            fds[i].fd = -1; /* readable for good: do not ask again */
        }
    }

    belay_end(lunch);
    belay_end(tea);
    return err == 0 ? 0 : 1;
}
