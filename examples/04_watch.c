/*
 * A watch makes a call that knows no contexts, read(2), return in time.
 *
 *     cc 04_watch.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Runs on the thread that ends the context, and is therefore short. */
static void hang_up(void *arg, int err)
{
    (void)err;
    shutdown(*(int *)arg, SHUT_RDWR);
}

static ssize_t read_some(const belay_ctx *ctx, int fd, void *data, size_t size)
{
    struct belay_watch watch;
    if (!belay_watch(ctx, &watch, hang_up, &fd))
        return belay_err(ctx);

    ssize_t length = read(fd, data, size);
    if (length < 0)
        length = -errno;

    /* From here on hang_up() is not running, so that fd may be closed. */
    bool hung_up = !belay_unwatch(&watch);
    return hung_up && length <= 0 ? belay_err(ctx) : length;
}

int main(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    belay_ctx *ctx = belay_with_timeout(NULL, 200 * BELAY_MILLISECOND);

    char data[16]; /* the other end says nothing */
    ssize_t length = read_some(ctx, pair[0], data, sizeof data);
    printf("read: %s\n", length < 0 ? belay_strerror((int)length) : "data");

    belay_end(ctx);
    close(pair[0]);
    close(pair[1]);
    return 0;
}
