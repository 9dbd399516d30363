/* SPDX-License-Identifier: MIT */
#ifndef WORK_MEMORY_H
#define WORK_MEMORY_H

#include <errno.h>
#include <stdlib.h>

/* Zeros, or NULL; errno is the caller's.  To be given back with free(). */
static inline void *belay__zeros(size_t size)
{
    int saved = errno;
    void *memory = calloc(1, size);
    errno = saved;
    return memory;
}

#endif
