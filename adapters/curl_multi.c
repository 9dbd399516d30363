/* SPDX-License-Identifier: MIT */

#include "curl_transfer.h"

#include <stdlib.h>
#include <unistd.h>

void belay_curl_multi_free(struct belay_curl_multi *multi)
{
    if (multi == NULL)
        return;
    int before = belay__hold_off_cancel();
    while (multi->transfers != NULL) {
        struct transfer *transfer = multi->transfers;
        belay__transfer_stop(multi, transfer);
        free(transfer);
    }
    curl_multi_cleanup(multi->handle);
    free(multi);
    belay__allow_cancel(before);
}

struct belay_curl_multi *belay_curl_multi_new(void)
{
    struct belay_curl_multi *multi = calloc(1, sizeof *multi);
    if (multi == NULL)
        return NULL;
    multi->process = getpid();
    multi->handle = curl_multi_init();
    /* Without a descriptor to be woken by, an end would go unnoticed. */
    if (curl_multi_wakeup(multi->handle) != CURLM_OK) {
        belay_curl_multi_free(multi);
        return NULL;
    }
    /* On a connection of several, libcurl 7.88 cannot stop just one. */
    curl_multi_setopt(multi->handle, CURLMOPT_PIPELINING,
                      (long)CURLPIPE_NOTHING);
    return multi;
}

int belay_curl_multi_add(const belay_ctx *ctx, struct belay_curl_multi *multi,
                         CURL *easy)
{
    struct transfer *transfer = malloc(sizeof *transfer);
    int err = transfer != NULL
                  ? belay__transfer_start(multi, transfer, ctx, easy)
                  : -ENOMEM;
    if (err != 0)
        free(transfer);
    return err;
}

int belay_curl_multi_wait(const belay_ctx *ctx, struct belay_curl_multi *multi,
                          CURL **ret_easy, CURLcode *ret_result)
{
    struct transfer *transfer;
    CURLcode result;
    if (multi->is_waited_for)
        return -EDEADLK;
    int before = belay__hold_off_cancel();
    multi->is_waited_for = true;
    int got = belay__transfer_wait(ctx, multi, &transfer, &result);
    multi->is_waited_for = false;
    if (got == 1) {
        *ret_easy = transfer->easy;
        *ret_result = result;
        free(transfer);
    }
    belay__allow_cancel(before);
    return got;
}
