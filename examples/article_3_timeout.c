/*
 * An HTTP client with a timeout: 100 milliseconds, or -t of them.
 *
 *     cc article_3_timeout.c $(pkg-config --cflags --libs belay-curl)
 *     ./a.out [-t MS] URL
 */
#include <belay/curl.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t drop(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static int get(const belay_ctx *ctx, const char *url)
{
    long status = 0;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);

    CURLcode result = belay_curl_perform(ctx, easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK)
        printf("Response received, status code: %ld\n", status);
    else
        printf("Request failed: Get %s: %s\n", url,
               belay_err(ctx) != 0 ? belay_strerror(belay_err(ctx))
                                   : curl_easy_strerror(result));
    curl_easy_cleanup(easy);
    return result == CURLE_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    bool is_timed = argc == 4 && strcmp(argv[1], "-t") == 0;
    if (argc != 2 && !is_timed)
        errx(2, "usage: [-t MS] URL");
    belay_duration timeout = is_timed ? atoi(argv[2]) : 100;
    belay_ctx *ctx = belay_with_timeout(NULL, timeout * BELAY_MILLISECOND);
    int status = get(ctx, argv[argc - 1]);
    belay_end(ctx);
    return status;
}
