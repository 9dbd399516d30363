/*
 * A server that accepts and says nothing, and a transfer that is called back.
 *
 *     cc curl.c $(pkg-config --cflags --libs belay-curl) && ./a.out
 */
#include <belay/curl.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

static int fetch(const belay_ctx *ctx, const char *url)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return -ENOMEM;
    curl_easy_setopt(easy, CURLOPT_URL, url);

    CURLcode result = belay_curl_perform(ctx, easy);
    curl_easy_cleanup(easy);

    if (result == CURLE_ABORTED_BY_CALLBACK && belay_err(ctx) != 0)
        return belay_err(ctx);
    return result == CURLE_OK ? 0 : -EIO;
}

/* Returns the socket of a server that never answers. */
static int listen_silently(char *url, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr *)&address, length);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &length);
    snprintf(url, size, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    return listener;
}

int main(void)
{
    char url[64];
    int listener = listen_silently(url, sizeof url);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);

    printf("fetch: %s\n", belay_strerror(fetch(ctx, url)));

    belay_end(ctx);
    belay_curl_close_idle();
    curl_global_cleanup();
    close(listener);
    return 0;
}
