/* SPDX-License-Identifier: MIT */

/*
 * Why no CURLOPT_TIMEOUT_MS from the deadline?  It would take the place of the
 * program's own, which libcurl cannot tell.  The kick at the deadline is as
 * exact.  Nor a progress callback, which a silent peer lets wait for a second.
 */

#include "curl_transfer.h"

#include <pthread.h>

enum { LONGEST_POLL = 1000 }; /* ms: how often libcurl calls for progress */

int belay__hold_off_cancel(void)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void belay__allow_cancel(int before)
{
    pthread_setcancelstate(before, NULL);
}

static int error_of(CURLMcode code)
{
    switch (code) {
    case CURLM_OK:
        return 0;
    case CURLM_ADDED_ALREADY:
        return -EBUSY;
    case CURLM_RECURSIVE_API_CALL:
        return -EDEADLK;
    case CURLM_BAD_EASY_HANDLE:
        return -EINVAL;
    default:
        return -ENOMEM;
    }
}

/* --- Starting and stopping ----------------------------------------------- */

static void kick(void *handle, int err)
{
    (void)err;
    curl_multi_wakeup(handle);
}

int belay__transfer_start(struct belay_curl_multi *multi,
                          struct transfer *transfer, const belay_ctx *ctx,
                          CURL *easy)
{
    int err = belay_err(ctx);
    if (err == 0)
        err = error_of(curl_multi_add_handle(multi->handle, easy));
    if (err != 0)
        return err;

    *transfer = (struct transfer){.ctx = ctx, .easy = easy};
    if (!belay_watch(ctx, &transfer->watch, kick, multi->handle)) {
        curl_multi_remove_handle(multi->handle, easy);
        return belay_err(ctx);
    }
    transfer->next = multi->transfers;
    multi->transfers = transfer;
    return 0;
}

static void unlink_from(struct belay_curl_multi *multi,
                        struct transfer *transfer)
{
    struct transfer **link = &multi->transfers;
    while (*link != transfer)
        link = &(*link)->next;
    *link = transfer->next;
}

static void take_out(struct belay_curl_multi *multi, struct transfer *transfer)
{
    belay_unwatch(&transfer->watch);
    curl_multi_remove_handle(multi->handle, transfer->easy);
    unlink_from(multi, transfer);
}

/*
 * The connection is closed, for otherwise libcurl 7.88 tells the peer nothing
 * over HTTP/2; and a name that is being looked up is not waited for.
 */
void belay__transfer_stop(struct belay_curl_multi *multi,
                          struct transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(transfer->easy, CURLOPT_QUICK_EXIT, 1L);
    take_out(multi, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 0L);
    curl_easy_setopt(transfer->easy, CURLOPT_QUICK_EXIT, 0L);
}

/* --- Waiting ------------------------------------------------------------- */

/* A deadline that is past is an end: the wait for the clock to say so is as
   short as the clock is late, and drives it where the program has to. */
static bool has_ended(const belay_ctx *ctx)
{
    if (belay_err(ctx) == 0 && belay_remaining(ctx) == 0)
        belay_wait(ctx);
    return belay_err(ctx) != 0;
}

/* In milliseconds, rounded up: whoever wakes too early would only look. */
static int least(int timeout, const belay_ctx *ctx)
{
    belay_duration left = belay_remaining(ctx);
    if (left >= timeout * BELAY_MILLISECOND)
        return timeout;
    return (int)((left + BELAY_MILLISECOND - 1) / BELAY_MILLISECOND);
}

static bool is_on_its_way(const struct transfer *transfer)
{
    long sent = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0;
}

/* Lets nothing out any more. */
static bool is_refused(const struct transfer *transfer)
{
    return has_ended(transfer->ctx) && !is_on_its_way(transfer);
}

static bool is_cut_off(const struct transfer *transfer)
{
    return has_ended(transfer->ctx);
}

static struct transfer *find(const struct belay_curl_multi *multi,
                             bool (*is_sought)(const struct transfer *))
{
    struct transfer *transfer = multi->transfers;
    while (transfer != NULL && !is_sought(transfer))
        transfer = transfer->next;
    return transfer;
}

static struct transfer *find_over(const struct belay_curl_multi *multi,
                                  CURLcode *ret_result)
{
    int left;
    CURLMsg *message = curl_multi_info_read(multi->handle, &left);
    if (message == NULL)
        return NULL;
    *ret_result = message->data.result;
    struct transfer *transfer = multi->transfers;
    while (transfer->easy != message->easy_handle)
        transfer = transfer->next;
    return transfer;
}

/*
 * Lets libcurl work, and returns a transfer that is over by then, taken out;
 * NULL if none is.  What is on its way when its context ends is looked at once
 * more: a response that has come by then counts.
 */
static struct transfer *drive(struct belay_curl_multi *multi,
                              CURLcode *ret_result, int *ret_err)
{
    int running;
    struct transfer *transfer = find(multi, is_refused);
    if (transfer == NULL) {
        *ret_err = error_of(curl_multi_perform(multi->handle, &running));
        transfer = find_over(multi, ret_result);
        if (transfer != NULL) {
            take_out(multi, transfer);
            return transfer;
        }
        transfer = find(multi, is_cut_off);
    }
    if (transfer != NULL) {
        belay__transfer_stop(multi, transfer);
        *ret_result = CURLE_ABORTED_BY_CALLBACK;
    }
    return transfer;
}

static int sleep_until_some_event(const belay_ctx *ctx,
                                  const struct belay_curl_multi *multi)
{
    int timeout = least(LONGEST_POLL, ctx);
    const struct transfer *transfer = multi->transfers;
    for (; transfer != NULL; transfer = transfer->next)
        timeout = least(timeout, transfer->ctx);
    return error_of(curl_multi_poll(multi->handle, NULL, 0, timeout, NULL));
}

static int wait_for_one(const belay_ctx *ctx, struct belay_curl_multi *multi,
                        struct transfer **ret_transfer, CURLcode *ret_result)
{
    int err = 0;
    while (err == 0 && multi->transfers != NULL) {
        struct transfer *transfer = drive(multi, ret_result, &err);
        if (transfer != NULL) {
            *ret_transfer = transfer;
            return 1;
        }
        if (err == 0)
            err = sleep_until_some_event(ctx, multi);
        if (has_ended(ctx))
            err = belay_err(ctx);
    }
    return err;
}

int belay__transfer_wait(const belay_ctx *ctx, struct belay_curl_multi *multi,
                         struct transfer **ret_transfer, CURLcode *ret_result)
{
    struct belay_watch watch;
    if (!belay_watch(ctx, &watch, kick, multi->handle))
        return belay_err(ctx);
    int got = wait_for_one(ctx, multi, ret_transfer, ret_result);
    belay_unwatch(&watch);
    return got;
}
