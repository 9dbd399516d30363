/* SPDX-License-Identifier: MIT */

/* libcurl as it is: a flag, and a progress callback that looks at it. */

#define PEER "curl"

#include "../bench.h"
#include "../questions/http.h"

#include <stdatomic.h>

static atomic_bool is_canceled;

static int look(void *arg, curl_off_t a, curl_off_t b, curl_off_t c,
                curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&is_canceled);
}

static void set(CURL *easy)
{
    atomic_store(&is_canceled, false);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look);
}

static void cancel(void)
{
    atomic_store(&is_canceled, true);
}

static void clear(void)
{
}

static const struct client client = {set, curl_easy_perform, cancel, clear};

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
        {"h1.cancel", ask_cancel, 20}, /* each takes up to a second */
    };
    return ANSWER(argc, argv, LIBCURL_VERSION, questions);
}
