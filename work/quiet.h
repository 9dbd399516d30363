/* SPDX-License-Identifier: MIT */
#ifndef WORK_QUIET_H
#define WORK_QUIET_H

/*
 * What holds inside every function of this layer that calls the system: errno
 * is the caller's, and there is no point at which its thread is canceled.
 */

#include <errno.h>
#include <pthread.h>

struct quiet {
    int err;
    int cancel_state;
};

static inline struct quiet be_quiet(void)
{
    struct quiet quiet = {errno, 0};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &quiet.cancel_state);
    return quiet;
}

static inline void be_loud(struct quiet quiet)
{
    pthread_setcancelstate(quiet.cancel_state, &quiet.cancel_state);
    errno = quiet.err;
}

#endif
