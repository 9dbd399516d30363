/*
 * Two seconds for all of it: the name, the connection, the request, the answer.
 *
 *     cc 10_dial.c -lbelay && ./a.out example.com 80
 */
#include <belay/io.h>
#include <belay/resolve.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Asks for a page, and returns how much has come of the answer's start. */
static ssize_t ask(const belay_ctx *ctx, const char *host, const char *port,
                   char *answer, size_t size)
{
    static const char request[] = "HEAD / HTTP/1.0\r\n\r\n";
    int fd = belay_dial(ctx, host, port);
    if (fd < 0)
        return fd;

    ssize_t result = belay_write_full(ctx, fd, request, strlen(request), NULL);
    if (result == 0)
        result = belay_read(ctx, fd, answer, size);
    close(fd);
    return result;
}

int main(int argc, char **argv)
{
    char answer[200];
    const char *host = argc > 1 ? argv[1] : "localhost";
    const char *port = argc > 2 ? argv[2] : "80";
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);

    ssize_t count = ask(ctx, host, port, answer, sizeof answer - 1);
    if (count < 0) {
        printf("%s: %s\n", host, belay_strerror((int)count));
    } else {
        answer[count] = '\0';
        printf("%.*s\n", (int)strcspn(answer, "\r\n"), answer);
    }

    belay_end(ctx);
    return 0;
}
