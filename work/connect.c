/* SPDX-License-Identifier: MIT */
#include "connect.h"
#include "persist.h"
#include "system.h"
#include "file_turn.h"

#include <belay/io.h>

#include <fcntl.h>
#include <sys/ioctl.h>

/* --- Accepting ------------------------------------------------------------ */

struct acceptance {
    int listener;
    int flags;
    struct sockaddr *address;
    socklen_t *length;
};

static long accept_now(const struct acceptance *it)
{
    long fd = SYSTEM4(SYS_accept4, it->listener, (long)it->address,
                      (long)it->length, it->flags);
    return fd == -ECONNABORTED ? -EAGAIN : fd;
}

/* There is no accept4() that does not wait for one call only. */
static long try_to_accept(const void *acceptance)
{
    const struct acceptance *it = acceptance;
    struct belay__file_turn turn;
    long flags = SYSTEM3(SYS_fcntl, it->listener, F_GETFL, 0);
    if (flags < 0 || (flags & O_NONBLOCK) != 0)
        return flags < 0 ? flags : accept_now(it);
    if (!belay__take_file_turn(&turn, it->listener, POLLIN))
        return -EAGAIN;
    long result = belay__is_ready(it->listener, POLLIN);
    if (result > 0)
        result = accept_now(it);
    else if (result == 0)
        result = -EAGAIN;
    belay__end_file_turn(&turn);
    return result;
}

int belay_accept(const belay_ctx *ctx, int listener, struct sockaddr *address,
                 socklen_t *length, int flags)
{
    const struct acceptance it = {listener, flags, address, length};
    return (int)belay__persist(ctx, listener, POLLIN, try_to_accept, &it);
}

/* --- Connecting ----------------------------------------------------------- */

void belay__set_waiting(int fd, enum belay__waiting waiting)
{
    int is_nonblocking = waiting == NEVER_WAITS;
    SYSTEM3(SYS_ioctl, fd, FIONBIO, (long)&is_nonblocking);
}

static bool never_waits(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    long err = SYSTEM5(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type,
                       (long)&size);
    return err != 0 || type == SOCK_DGRAM || type == SOCK_RAW ||
           (SYSTEM3(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK) != 0;
}

long belay__begin_to_connect(int fd, const struct sockaddr *address,
                             socklen_t length)
{
    if (never_waits(fd))
        return SYSTEM3(SYS_connect, fd, (long)address, length);
    belay__set_waiting(fd, NEVER_WAITS);
    long err = SYSTEM3(SYS_connect, fd, (long)address, length);
    belay__set_waiting(fd, MAY_WAIT);
    return err;
}

int belay__outcome(int fd)
{
    int err = 0;
    socklen_t size = sizeof err;
    long failed = SYSTEM5(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, (long)&err,
                          (long)&size);
    return failed != 0 ? (int)failed : -err;
}

struct connection {
    int fd;
    socklen_t length;
    const struct sockaddr *address;
};

static long try_to_connect(const void *connection)
{
    const struct connection *it = connection;
    return belay__begin_to_connect(it->fd, it->address, it->length);
}

int belay_connect(const belay_ctx *ctx, int fd, const struct sockaddr *address,
                  socklen_t length)
{
    const struct connection it = {fd, length, address};
    int err = belay_err(ctx);
    if (err != 0)
        return err;

    /* -EAGAIN: the other's queue is full, if it is a Unix socket's. */
    if (length >= sizeof address->sa_family && address->sa_family == AF_UNIX)
        err = (int)belay__persist(ctx, fd, POLLOUT, try_to_connect, &it);
    else
        err = (int)try_to_connect(&it);
    if (err != -EINPROGRESS && err != -EALREADY && err != -EINTR)
        return err;

    struct pollfd asked = {fd, POLLOUT, 0};
    int ready = belay_poll(ctx, &asked, 1, -1);
    if (ready < 0 && belay__is_ready(fd, POLLOUT) <= 0)
        return ready;
    return belay__outcome(fd);
}
