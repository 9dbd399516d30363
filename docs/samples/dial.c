/*
 * A tenth of a second for all of it: the name, the connection, the request and
 * the answer, which this server does not give.
 *
 *     cc dial.c -lbelay && ./a.out
 */
#include <belay/io.h>
#include <belay/resolve.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Returns the socket of a server that never answers. */
static int listen_silently(char *port, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, length);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &length);
    snprintf(port, size, "%d", ntohs(address.sin_port));
    return listener;
}

int main(void)
{
    char port[8], answer[200];
    int listener = listen_silently(port, sizeof port);
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);

    ssize_t count = ask(ctx, "127.0.0.1", port, answer, sizeof answer);
    printf("%s\n", count < 0 ? belay_strerror((int)count) : "an answer");

    belay_end(ctx);
    close(listener);
    return 0;
}
