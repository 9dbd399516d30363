/* SPDX-License-Identifier: MIT */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS_TO_TRY = 100, LAST_PORT = 65535 };

static int listen_at(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, SOMAXCONN) == 0)
        return fd;
    int err = -errno;
    close(fd);
    return err;
}

int listen_near(int *port)
{
    int first = *port;
    int fd = listen_at(first);
    for (int next = first + 1;
         fd == -EADDRINUSE && next <= LAST_PORT && next < first + PORTS_TO_TRY;
         ++next) {
        fd = listen_at(next);
        *port = next;
    }
    if (fd >= 0) {
        struct sockaddr_in address;
        socklen_t size = sizeof address;
        getsockname(fd, (struct sockaddr *)&address, &size);
        *port = ntohs(address.sin_port);
    }
    return fd;
}
