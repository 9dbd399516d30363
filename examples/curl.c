/*
 * A page is given two seconds, and its server is told so.
 *
 *     cc curl.c $(pkg-config --cflags --libs belay-curl) && ./a.out URL
 */
#include <belay/curl.h>

#include <stdio.h>

static CURLcode fetch(const belay_ctx *ctx, const char *url)
{
    struct curl_slist *headers = NULL;
    int err = belay_curl_headers(ctx, BELAY_HOP_PLAIN, &headers);
    if (err != 0)
        return err == -ENOMEM ? CURLE_OUT_OF_MEMORY : CURLE_ABORTED_BY_CALLBACK;

    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);

    CURLcode result = belay_curl_perform(ctx, easy);

    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);

    CURLcode result = fetch(ctx, argv[1]);
    if (result != CURLE_OK && belay_err(ctx) != 0)
        fprintf(stderr, "stopped: %s\n", belay_strerror(belay_err(ctx)));
    else if (result != CURLE_OK)
        fprintf(stderr, "failed: %s\n", curl_easy_strerror(result));

    belay_end(ctx);
    belay_curl_close_idle();
    curl_global_cleanup();
    return result == CURLE_OK ? 0 : 1;
}
