/* SPDX-License-Identifier: MIT */

/*
 * Files that know no call that does not wait.  In this order:
 *
 * - it is non-blocking anyway: a plain call is what we want;
 * - a disk: waits however one asks, so in pieces;
 * - a FIFO or a terminal: we open it again, non-blocking.  That is an open
 *   file of our own, of which nobody else sees the flag;
 * - the rest (a terminal that is not ours to open, a device): poll(), then a
 *   plain call.  Should something other than Belay take, in between, what was
 *   ready, the call waits for more, and does not see its context end.
 */

#include "system.h"
#include "transfer.h"
#include "file_turn.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

enum { PIECE_OF_A_DISK = 1 << 20 }; /* bytes: about a millisecond of work */

static long call_plainly(const struct belay__transfer *it, int fd)
{
    return SYSTEM3(it->plain_call, fd, (long)it->vectors, it->count);
}

/* Whole vectors, as many as a piece holds; or a piece of the first. */
static long call_for_a_piece(const struct belay__transfer *it, size_t piece)
{
    struct belay__transfer part = *it;
    size_t left = piece;
    part.count = 0;
    while (part.count < it->count && it->vectors[part.count].iov_len <= left)
        left -= it->vectors[part.count++].iov_len;
    if (left < piece || part.count == it->count)
        return call_plainly(&part, it->fd);

    struct iovec cut = {it->vectors[part.count].iov_base, piece};
    part.vectors = &cut;
    part.count = 1;
    return call_plainly(&part, it->fd);
}

/*
 * A terminal by its own number: what /dev/tty and /dev/console (5, ...) stand
 * for depends on who opens them, and to open /dev/ptmx is to make a terminal.
 */
static bool may_be_opened_again(int fd, const struct stat *file)
{
    enum { ALIASES = 5 };
    char settings[256]; /* the kernel's struct termios, whichever it has */
    if (S_ISFIFO(file->st_mode))
        return true;
    return S_ISCHR(file->st_mode) && major(file->st_rdev) != ALIASES &&
           SYSTEM3(SYS_ioctl, fd, TCGETS, (long)settings) == 0;
}

static int open_again(int fd, long flags)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
    flags &= O_ACCMODE | O_DIRECT;
    flags |= O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    return (int)SYSTEM4(SYS_openat, AT_FDCWD, (long)path, flags, 0);
}

/*
 * One vector, since for some devices readv() is a read() for each; and no more
 * than a pipe takes at once, if it is ready.
 */
static long call_in_turn(const struct belay__transfer *it)
{
    struct belay__file_turn turn;
    if (!belay__take_file_turn(&turn, it->fd, it->events))
        return -EAGAIN;
    struct belay__transfer first = *it;
    while (first.count > 1 && first.vectors->iov_len == 0) {
        ++first.vectors;
        --first.count;
    }
    if (first.count > 1)
        first.count = 1;
    long result = belay__is_ready(it->fd, it->events);
    if (result > 0)
        result = call_for_a_piece(&first, PIPE_BUF);
    else if (result == 0)
        result = -EAGAIN;
    belay__end_file_turn(&turn);
    return result;
}

long belay__transfer_plainly(const struct belay__transfer *it)
{
    struct stat file;
    long flags = SYSTEM3(SYS_fcntl, it->fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    int err = belay__stat(it->fd, &file);
    if (err != 0)
        return err;
    if (belay__is_storage(&file))
        return call_for_a_piece(it, PIECE_OF_A_DISK);
    if ((flags & O_NONBLOCK) != 0)
        return call_plainly(it, it->fd);

    int again = may_be_opened_again(it->fd, &file) ? open_again(it->fd, flags)
                                                   : -ENOTSUP;
    if (again < 0)
        return call_in_turn(it);
    long result = call_plainly(it, again);
    SYSTEM1(SYS_close, again);
    return result;
}
