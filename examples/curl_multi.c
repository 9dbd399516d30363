/*
 * Several mirrors are asked; when one has answered, the others are let go.
 *
 *     cc curl_multi.c $(pkg-config --cflags --libs belay-curl)
 *     ./a.out URL URL...
 */
#include <belay/curl.h>

#include <stdio.h>

static CURL *ask(const belay_ctx *ctx, struct belay_curl_multi *multi,
                 char *url)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, url);
    if (belay_curl_multi_add(ctx, multi, easy) == 0)
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

int main(int argc, char **argv)
{
    struct belay_curl_multi *multi = belay_curl_multi_new();
    if (multi == NULL)
        return 1;
    belay_ctx *ctx = belay_with_timeout(NULL, 2 * BELAY_SECOND);
    for (int i = 1; i < argc; ++i)
        if (ask(ctx, multi, argv[i]) == NULL)
            fprintf(stderr, "not asked: %s\n", argv[i]);

    CURL *easy;
    CURLcode result;
    while (belay_curl_multi_wait(NULL, multi, &easy, &result) == 1) {
        char *url;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &url);
        printf("%s: %s\n", url, curl_easy_strerror(result));
        curl_easy_cleanup(easy);
        if (result == CURLE_OK)
            belay_cancel_cause(ctx, 0, "%s was faster", url);
    }

    belay_end(ctx);
    belay_curl_multi_free(multi);
    return 0;
}
