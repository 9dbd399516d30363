/* SPDX-License-Identifier: MIT */

/*
 * curl_easy_perform() has a multi handle of its own inside, and no way to kick
 * it.  Here a thread keeps the handle, and in it the connections, from call to
 * call: one, or as many as there are calls inside each other's callbacks.
 */

#include "curl_transfer.h"

#include <pthread.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t kept;
static bool has_key;

/* After a fork(), what the parent kept is still in the list, behind what this
   process keeps: it is not used, and its peers are not even bid farewell. */
static bool is_own(const struct belay_curl_multi *multi)
{
    return multi != NULL && multi->process == getpid();
}

static struct belay_curl_multi *close_own(struct belay_curl_multi *multi)
{
    while (is_own(multi)) {
        struct belay_curl_multi *next = multi->next;
        belay_curl_multi_free(multi);
        multi = next;
    }
    return multi;
}

static void close_at_exit(void *first)
{
    close_own(first);
}

static void make_key(void)
{
    has_key = pthread_key_create(&kept, close_at_exit) == 0;
}

/* Threads may outlive this library, and must not call into it then. */
__attribute__((destructor)) static void delete_key(void)
{
    if (has_key)
        pthread_key_delete(kept);
}

static struct belay_curl_multi *take(void)
{
    pthread_once(&once, make_key);
    struct belay_curl_multi *multi = has_key ? pthread_getspecific(kept) : NULL;
    if (!is_own(multi))
        return belay_curl_multi_new();
    pthread_setspecific(kept, multi->next);
    return multi;
}

static void keep(struct belay_curl_multi *multi)
{
    multi->next = has_key ? pthread_getspecific(kept) : NULL;
    if (!has_key || pthread_setspecific(kept, multi) != 0)
        belay_curl_multi_free(multi);
}

void belay_curl_close_idle(void)
{
    pthread_once(&once, make_key);
    if (has_key)
        pthread_setspecific(kept, close_own(pthread_getspecific(kept)));
}

/* --- One transfer -------------------------------------------------------- */

static CURLcode code_of(int err)
{
    switch (err) {
    case -EBUSY:
        return CURLE_FAILED_INIT;
    case -EDEADLK:
        return CURLE_RECURSIVE_API_CALL;
    case -EINVAL:
        return CURLE_BAD_FUNCTION_ARGUMENT;
    case -ENOMEM:
        return CURLE_OUT_OF_MEMORY;
    default:
        return CURLE_ABORTED_BY_CALLBACK;
    }
}

static CURLcode run(const belay_ctx *ctx, struct belay_curl_multi *multi,
                    CURL *easy)
{
    struct transfer transfer;
    struct transfer *over;
    CURLcode result;
    int err = belay__transfer_start(multi, &transfer, ctx, easy);
    if (err != 0)
        return code_of(err);
    int got = belay__transfer_wait(NULL, multi, &over, &result);
    if (got == 1)
        return result;
    belay__transfer_stop(multi, &transfer);
    return code_of(got);
}

CURLcode belay_curl_perform(const belay_ctx *ctx, CURL *easy)
{
    if (easy == NULL)
        return CURLE_BAD_FUNCTION_ARGUMENT;
    if (belay_err(ctx) != 0)
        return CURLE_ABORTED_BY_CALLBACK;

    CURLcode result = CURLE_OUT_OF_MEMORY;
    int before = belay__hold_off_cancel();
    struct belay_curl_multi *multi = take();
    if (multi != NULL) {
        result = run(ctx, multi, easy);
        keep(multi);
    }
    belay__allow_cancel(before);
    return result;
}
