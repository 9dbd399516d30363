/* SPDX-License-Identifier: MIT */
#ifndef WORK_SYSTEM_H
#define WORK_SYSTEM_H

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A call to the system: what it returns, or a negative errno.
 *
 * By syscall(), so that it is no point of pthread_cancel(), which must not end
 * a thread that holds a descriptor, or bytes that its caller has not seen.
 * Leaves errno as it was.
 */
static inline long belay__system(long call, long a, long b, long c, long d,
                                 long e, long f)
{
    int saved = errno;
    long result = syscall(call, a, b, c, d, e, f);
    if (result >= 0)
        return result;
    result = -errno;
    errno = saved;
    return result;
}

#define SYSTEM1(call, a) belay__system(call, a, 0, 0, 0, 0, 0)
#define SYSTEM3(call, a, b, c) belay__system(call, a, b, c, 0, 0, 0)
#define SYSTEM4(call, a, b, c, d) belay__system(call, a, b, c, d, 0, 0)
#define SYSTEM5(call, a, b, c, d, e) belay__system(call, a, b, c, d, e, 0)
#define SYSTEM6(call, a, b, c, d, e, f) belay__system(call, a, b, c, d, e, f)

/* As fstat(): 0 or a negative errno. */
static inline int belay__stat(int fd, struct stat *ret_file)
{
    int saved = errno;
    int err = fstat(fd, ret_file) == 0 ? 0 : -errno;
    errno = saved;
    return err;
}

/* Disks: what poll() calls ready, always, and reading waits for all the same.
 */
static inline bool belay__is_storage(const struct stat *file)
{
    return S_ISREG(file->st_mode) || S_ISBLK(file->st_mode) ||
           S_ISDIR(file->st_mode);
}

#endif
