/* SPDX-License-Identifier: MIT */
#ifndef ADAPTERS_CURL_TRANSFER_H
#define ADAPTERS_CURL_TRANSFER_H

#include <belay/curl.h>

#include <sys/types.h>

/*
 * Both forms, one transfer and many, are these: transfers in a multi handle.
 *
 * A watch is armed from start to stop, and kicks the multi handle, which
 * libcurl allows from any thread.  All the rest is done by whoever waits.
 */
struct transfer {
    const belay_ctx *ctx;
    CURL *easy;
    struct belay_watch watch;
    struct transfer *next; /* in multi->transfers */
};

struct belay_curl_multi {
    CURLM *handle;
    struct transfer *transfers;
    bool is_waited_for;            /* then, libcurl may be in a callback */
    pid_t process;                 /* that made it: sockets survive a fork() */
    struct belay_curl_multi *next; /* among those that a thread keeps */
};

/* 0, -EBUSY, -EDEADLK, -EINVAL, -ENOMEM, or belay_err(ctx). */
int belay__transfer_start(struct belay_curl_multi *multi,
                          struct transfer *transfer, const belay_ctx *ctx,
                          CURL *easy);

/* Takes transfer out of multi; what is not over is broken off. */
void belay__transfer_stop(struct belay_curl_multi *multi,
                          struct transfer *transfer);

/*
 * Waits until a transfer is over, and takes it out.  1, 0 if there is none, or
 * belay_err(ctx), -ENOMEM, -EDEADLK.
 */
int belay__transfer_wait(const belay_ctx *ctx, struct belay_curl_multi *multi,
                         struct transfer **ret_transfer, CURLcode *ret_result);

/* pthread_cancel() would leave watches on a stack that is gone. */
int belay__hold_off_cancel(void);
void belay__allow_cancel(int before);

#endif
