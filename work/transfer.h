/* SPDX-License-Identifier: MIT */
#ifndef WORK_TRANSFER_H
#define WORK_TRANSFER_H

#include <sys/uio.h>

/* Bytes to be moved, one way, by one call. */
struct belay__transfer {
    int fd;
    int count;
    const struct iovec *vectors;
    long plain_call; /* SYS_readv or SYS_writev */
    short events;    /* poll()'s, for that way */
};

/* Both are belay__attempts at a transfer. */
long belay__try_to_read(const void *transfer);
long belay__try_to_write(const void *transfer);

/* The same for files that know no call that does not wait. */
long belay__transfer_plainly(const struct belay__transfer *transfer);

#endif
