/* SPDX-License-Identifier: MIT */
#include <belay/io.h>

#include "persist.h"
#include "system.h"
#include "transfer.h"

#include <limits.h>

/* --- Reading and writing -------------------------------------------------- */

static ssize_t read_into(const belay_ctx *ctx, int fd,
                         const struct iovec *vectors, int count)
{
    const struct belay__transfer it = {fd, count, vectors, SYS_readv, POLLIN};
    return belay__persist(ctx, fd, POLLIN, belay__try_to_read, &it);
}

static ssize_t write_from(const belay_ctx *ctx, int fd,
                          const struct iovec *vectors, int count)
{
    const struct belay__transfer it = {fd, count, vectors, SYS_writev, POLLOUT};
    return belay__persist(ctx, fd, POLLOUT, belay__try_to_write, &it);
}

ssize_t belay_read(const belay_ctx *ctx, int fd, void *buffer, size_t size)
{
    const struct iovec whole = {buffer, size};
    return read_into(ctx, fd, &whole, 1);
}

ssize_t belay_readv(const belay_ctx *ctx, int fd, const struct iovec *vectors,
                    int count)
{
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    return read_into(ctx, fd, vectors, count);
}

ssize_t belay_write(const belay_ctx *ctx, int fd, const void *bytes,
                    size_t size)
{
    const struct iovec whole = {(void *)bytes, size};
    return write_from(ctx, fd, &whole, 1);
}

/* A count that is too high a socket would call -EMSGSIZE. */
ssize_t belay_writev(const belay_ctx *ctx, int fd, const struct iovec *vectors,
                     int count)
{
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    return write_from(ctx, fd, vectors, count);
}

/* --- All of it ------------------------------------------------------------ */

int belay_read_full(const belay_ctx *ctx, int fd, void *buffer, size_t size,
                    size_t *ret_moved)
{
    size_t moved = 0;
    ssize_t result = belay_err(ctx);
    while (result >= 0 && moved < size) {
        result = belay_read(ctx, fd, (char *)buffer + moved, size - moved);
        if (result == 0)
            result = -ENODATA;
        if (result > 0)
            moved += (size_t)result;
    }
    if (ret_moved != NULL)
        *ret_moved = moved;
    return result < 0 ? (int)result : 0;
}

int belay_write_full(const belay_ctx *ctx, int fd, const void *bytes,
                     size_t size, size_t *ret_moved)
{
    size_t moved = 0;
    ssize_t result = belay_err(ctx);
    while (result >= 0 && moved < size) {
        result =
            belay_write(ctx, fd, (const char *)bytes + moved, size - moved);
        if (result > 0)
            moved += (size_t)result;
    }
    if (ret_moved != NULL)
        *ret_moved = moved;
    return result < 0 ? (int)result : 0;
}

/* --- Messages ------------------------------------------------------------- */

struct exchange {
    int fd;
    int flags;
    struct msghdr *message; /* or NULL: what follows */
    void *bytes;
    size_t size;
};

static long try_to_receive(const void *exchange)
{
    const struct exchange *it = exchange;
    int flags = it->flags | MSG_DONTWAIT;
    if (it->message != NULL)
        return SYSTEM3(SYS_recvmsg, it->fd, (long)it->message, flags);
    return SYSTEM6(SYS_recvfrom, it->fd, (long)it->bytes, (long)it->size, flags,
                   0, 0);
}

static long try_to_send(const void *exchange)
{
    const struct exchange *it = exchange;
    int flags = it->flags | MSG_DONTWAIT | MSG_NOSIGNAL;
    if (it->message != NULL)
        return SYSTEM3(SYS_sendmsg, it->fd, (long)it->message, flags);
    return SYSTEM6(SYS_sendto, it->fd, (long)it->bytes, (long)it->size, flags,
                   0, 0);
}

static ssize_t exchange_now(const belay_ctx *ctx, belay__attempt *attempt,
                            const struct exchange *it)
{
    int err = belay_err(ctx);
    return err != 0 ? err : attempt(it);
}

static ssize_t receive(const belay_ctx *ctx, const struct exchange *it)
{
    if ((it->flags & MSG_WAITALL) != 0)
        return -EINVAL;
    if ((it->flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0)
        return exchange_now(ctx, try_to_receive, it);
    short events = (it->flags & MSG_OOB) != 0 ? POLLPRI : POLLIN;
    return belay__persist(ctx, it->fd, events, try_to_receive, it);
}

static ssize_t send_out(const belay_ctx *ctx, const struct exchange *it)
{
    if ((it->flags & MSG_DONTWAIT) != 0)
        return exchange_now(ctx, try_to_send, it);
    return belay__persist(ctx, it->fd, POLLOUT, try_to_send, it);
}

ssize_t belay_recv(const belay_ctx *ctx, int fd, void *buffer, size_t size,
                   int flags)
{
    const struct exchange it = {fd, flags, NULL, buffer, size};
    return receive(ctx, &it);
}

ssize_t belay_recvmsg(const belay_ctx *ctx, int fd, struct msghdr *message,
                      int flags)
{
    const struct exchange it = {fd, flags, message, NULL, 0};
    return receive(ctx, &it);
}

ssize_t belay_send(const belay_ctx *ctx, int fd, const void *bytes, size_t size,
                   int flags)
{
    const struct exchange it = {fd, flags, NULL, (void *)bytes, size};
    return send_out(ctx, &it);
}

ssize_t belay_sendmsg(const belay_ctx *ctx, int fd,
                      const struct msghdr *message, int flags)
{
    const struct exchange it = {fd, flags, (struct msghdr *)message, NULL, 0};
    return send_out(ctx, &it);
}
