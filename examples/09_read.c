/*
 * Reading ends with the context, whoever else shares the descriptor; and what
 * has moved is never lost.
 *
 *     cc 09_read.c -lbelay && ./a.out
 */
#include <belay/io.h>

#include <stdio.h>
#include <unistd.h>

/* Reads a name of five letters, all of it or not at all. */
static int read_name(const belay_ctx *ctx, int fd, char name[6])
{
    size_t moved;
    int err = belay_read_full(ctx, fd, name, 5, &moved);
    name[moved] = '\0';
    return err;
}

int main(void)
{
    int fds[2];
    char name[6];
    if (pipe(fds) != 0)
        return 1;

    ssize_t count = belay_write(NULL, fds[1], "belayab", 7);
    printf("%zd bytes are in the pipe\n", count);

    int err = read_name(NULL, fds[0], name);
    printf("'%s': %s\n", name, err == 0 ? "whole" : belay_strerror(err));

    belay_ctx *ctx = belay_with_timeout(NULL, 1 * BELAY_SECOND);
    err = read_name(ctx, fds[0], name);
    printf("'%s': %s\n", name, err == 0 ? "whole" : belay_strerror(err));
    belay_end(ctx);

    close(fds[0]);
    close(fds[1]);
    return 0;
}
