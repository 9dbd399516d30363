/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include <belay/curl.h>

#include <stdio.h>

static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    (void)arg;
    return size * count;
}

/* Tier 2 was told the time left, rounded down: it gives up just before. */
static int status_err(const belay_ctx *ctx, CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 504)
        return belay_sleep(ctx, 20 * BELAY_MILLISECOND) != 0
                   ? belay_err(ctx)
                   : BELAY_DEADLINE_EXCEEDED;
    return status == 200 ? 0 : -EREMOTEIO;
}

static int ask(const belay_ctx *ctx, const struct job *job, CURL *easy)
{
    char text[80];
    snprintf(text, sizeof text, "request-id: %u", job->lane->id);
    struct curl_slist *headers = curl_slist_append(NULL, text);
    if (headers == NULL)
        return -ENOMEM;
    int err = belay_curl_headers(ctx, BELAY_HOP_PLAIN, &headers);
    if (err == 0) {
        snprintf(text, sizeof text, "http://127.0.0.1:%d/work?work=%d",
                 job->port, job->lane->wish.work_ms);
        curl_easy_setopt(easy, CURLOPT_URL, text);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        CURLcode result = belay_curl_perform(ctx, easy);
        if (result == CURLE_OK)
            err = status_err(ctx, easy);
        else
            err = belay_err(ctx) != 0 ? belay_err(ctx) : -EREMOTEIO;
    }
    curl_slist_free_all(headers);
    return err;
}

int part_of_hop(const belay_ctx *ctx, void *arg)
{
    struct job *job = arg;
    CURL *easy = curl_easy_init();
    int err = easy == NULL ? -ENOMEM : ask(ctx, job, easy);
    curl_easy_cleanup(easy);
    part_give_up(job->lane, HOP, err);
    return err;
}
