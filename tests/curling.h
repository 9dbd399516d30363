/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CURLING_H
#define TESTS_CURLING_H

#include "web.h"

#include <belay/curl.h>

#include <dlfcn.h>
#include <fcntl.h>

/* Cancels when something has come for that handle, before libcurl sees it:
   either before its request has been sent, or after; posts `go` until then. */
static struct {
    belay_ctx *ctx;
    CURL *easy;
    bool is_sent;
    sem_t *go; /* or NULL */
} cancel_when;

static inline bool it_is_time(void)
{
    long sent = 0;
    if (cancel_when.ctx == NULL)
        return false;
    curl_easy_getinfo(cancel_when.easy, CURLINFO_REQUEST_SIZE, &sent);
    return cancel_when.is_sent == (sent > 0);
}

/*
 * libcurl looks around once a second by itself, and 200 ms after connecting.
 * Not here: what does not wake it would hang.
 */
CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *fds,
                          unsigned int count, int timeout, int *ret_ready)
{
    CURLMcode (*poll_multi)(CURLM *, struct curl_waitfd *, unsigned int, int,
                            int *);
    *(void **)&poll_multi = dlsym(RTLD_NEXT, "curl_multi_poll");
    if (timeout == 1000)
        timeout = 3600 * 1000;
    int ready = 0;
    if (it_is_time() && cancel_when.go != NULL)
        sem_post(cancel_when.go);
    CURLMcode result = poll_multi(multi, fds, count, timeout, &ready);
    if (ready > 0 && it_is_time())
        belay_cancel(cancel_when.ctx);
    if (ret_ready != NULL)
        *ret_ready = ready;
    return result;
}

/* Bytes of the body, and what is to happen when they come. */
struct body {
    char text[16];
    size_t length;
    belay_ctx *cancel; /* when the first part has come */
};

static inline size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    for (size_t i = 0; i < size * count; ++i)
        if (body->length + 1 < sizeof body->text)
            body->text[body->length++] = data[i];
    if (body->cancel != NULL)
        belay_cancel(body->cancel);
    return size * count;
}

static inline void ask_for(CURL *easy, const char *url, const char *path)
{
    char whole[128];
    snprintf(whole, sizeof whole, "%s%s", url, path);
    CHECK(curl_easy_setopt(easy, CURLOPT_URL, whole) == CURLE_OK);
}

/* A handle that gets that path. */
static inline CURL *getter(const char *url, const char *path, struct body *body)
{
    CURL *easy = curl_easy_init();
    CHECK(easy != NULL);
    ask_for(easy, url, path);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 3600 * 1000L);
    return easy;
}

/* Cancels when something has happened that often. */
struct canceler {
    sem_t *event;
    int times;
    belay_ctx *ctx;
};

static inline void *cancel_after(void *arg)
{
    const struct canceler *canceler = arg;
    for (int i = 0; i < canceler->times; ++i)
        await(canceler->event);
    belay_cancel(canceler->ctx);
    return NULL;
}

/* Performs until the event cancels; what it returned. */
static inline CURLcode perform_until(sem_t *event, int times, CURL *easy)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct canceler canceler = {event, times, ctx};
    pthread_t thread = start(cancel_after, &canceler);
    CURLcode result = belay_curl_perform(ctx, easy);
    join(thread);
    belay_end(ctx);
    return result;
}

static inline int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 2000; ++fd)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* --- A server, a handle, and a context ----------------------------------- */

struct fixture {
    struct web *web;
    struct body body;
    CURL *easy;
    belay_ctx *ctx;
};

static inline void set(struct fixture *it, const char *path)
{
    memset(it, 0, sizeof *it);
    it->web = web_open();
    it->easy = getter(it->web->url, path, &it->body);
    it->ctx = belay_with_cancel(NULL);
}

static inline void clear(struct fixture *it)
{
    belay_end(it->ctx);
    curl_easy_cleanup(it->easy);
    web_close(it->web);
}

#endif
