/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int client_connect(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int err = -errno;
    close(fd);
    return err;
}

int client_ask(int fd, const char *what)
{
    char head[400];
    int length = snprintf(head, sizeof head,
                          "%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                          "User-Agent: storm\r\n"
                          "Connection: close\r\n\r\n",
                          what);
    return send(fd, head, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -EPIPE;
}

int client_read(const belay_ctx *ctx, int fd, char *data, size_t size)
{
    size_t length = 0;
    while (length < size - 1) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        int ready = belay_poll(ctx, &input, 1, -1);
        if (ready < 0)
            return ready;
        ssize_t count = recv(fd, data + length, size - 1 - length, 0);
        if (count <= 0)
            break;
        length += (size_t)count;
    }
    data[length] = '\0';
    int status;
    return sscanf(data, "HTTP/1.%*d %d", &status) == 1 ? status : -EPROTO;
}
