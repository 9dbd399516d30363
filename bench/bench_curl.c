/* SPDX-License-Identifier: MIT */

/* h1: libcurl with a context, made and given back for each transfer. */

#include "belay_node.h"
#include "questions/http.h"

#include <belay/curl.h>

static belay_ctx *ctx;

static void set(CURL *easy)
{
    (void)easy;
    ctx = belay_with_timeout(NULL, BELAY_MINUTE);
}

static CURLcode perform(CURL *easy)
{
    return belay_curl_perform(ctx, easy);
}

static void cancel_it(void)
{
    belay_cancel(ctx);
}

static void clear(void)
{
    belay_end(ctx);
}

static const struct client client = {set, perform, cancel_it, clear};

static void ask_get(size_t n)
{
    ask_get_of(&client, n);
}

static void ask_cancel(size_t n)
{
    ask_cancel_of(&client, n);
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"h1.get", ask_get, 5000},
        {"h1.cancel", ask_cancel, 1000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
