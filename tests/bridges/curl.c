/* SPDX-License-Identifier: MIT */
#include "bridge.h"

#include "../../examples/bridges/silent.h"

#include <belay/curl.h>

TEST(an_end_interrupts_a_transfer)
{
    int port = 0;
    int server = listen_silently(&port);
    CHECK(server >= 0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    belay_ctx *ctx = soon();

    CURLcode code = belay_curl_perform(ctx, easy);
    belay_duration within = since_end(ctx);

    CHECK(code != CURLE_OK && belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"libcurl", LIBCURL_VERSION, "is told",
                            "`belay_curl_perform()`: a watch wakes its "
                            "`curl_multi_poll()`",
                            "what the server does with the request; a "
                            "callback that does not return",
                            "a deadline that goes along: "
                            "`belay_curl_headers()`"},
              within);
    belay_end(ctx);
    curl_easy_cleanup(easy);
    close(server);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_a_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
