/* SPDX-License-Identifier: MIT */

/*
 * Moving bytes without waiting, whether or not the descriptor is a blocking
 * one.  To set O_NONBLOCK is no way: the flag belongs to the open file, and
 * thus to every process and library that shares it.
 *
 * What does not wait for one call only: RWF_NOWAIT, since Linux 6.5 for
 * sockets and pipes, earlier for a few others; and MSG_DONTWAIT, for sockets.
 * Terminals and named FIFOs know neither: stubborn.c.
 */

#include "transfer.h"
#include "system.h"

#include <sys/socket.h>

enum { NOWAIT = 8 }; /* RWF_NOWAIT, which is not in every libc's headers */

static long without_waiting(const struct belay__transfer *it, long call)
{
    const long here = -1; /* at the file's own position, where it has one */
    return SYSTEM6(call, it->fd, (long)it->vectors, it->count, here, here,
                   NOWAIT);
}

static bool is_unsupported(long result)
{
    return result == -EOPNOTSUPP || result == -ENOSYS;
}

/* RWF_NOWAIT: "not in memory".  Nobody tells when that would change. */
static bool would_need_the_disk(int fd, long result)
{
    struct stat file;
    return result == -EAGAIN && belay__stat(fd, &file) == 0 &&
           belay__is_storage(&file);
}

static struct msghdr message_of(const struct belay__transfer *it)
{
    struct msghdr message = {.msg_iov = (struct iovec *)it->vectors,
                             .msg_iovlen = (size_t)it->count};
    return message;
}

long belay__try_to_read(const void *transfer)
{
    const struct belay__transfer *it = transfer;
    long result = without_waiting(it, SYS_preadv2);
    if (would_need_the_disk(it->fd, result))
        return belay__transfer_plainly(it);
    if (!is_unsupported(result))
        return result;

    struct msghdr message = message_of(it);
    result = SYSTEM3(SYS_recvmsg, it->fd, (long)&message, MSG_DONTWAIT);
    return result == -ENOTSOCK ? belay__transfer_plainly(it) : result;
}

/* As a socket first: there, a peer that is gone need not raise SIGPIPE. */
long belay__try_to_write(const void *transfer)
{
    const struct belay__transfer *it = transfer;
    struct msghdr message = message_of(it);
    long result = SYSTEM3(SYS_sendmsg, it->fd, (long)&message,
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result != -ENOTSOCK)
        return result;

    result = without_waiting(it, SYS_pwritev2);
    if (is_unsupported(result) || would_need_the_disk(it->fd, result))
        return belay__transfer_plainly(it);
    return result;
}
