/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

/* A program of one thread that drives the clock itself, and is in libcurl. */

TEST(a_transfer_looks_after_its_own_deadline)
{
    struct fixture it;
    set(&it, "/silent");
    belay_ctx *late = belay_with_timeout(it.ctx, 5 * BELAY_MILLISECOND);

    CHECK(belay_curl_perform(late, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    CHECK(belay_err(late) == BELAY_DEADLINE_EXCEEDED);
    belay_end(late);
    clear(&it);
}

TEST(a_wait_looks_after_the_deadlines_of_all_its_transfers)
{
    struct fixture it;
    CURL *easy;
    CURLcode result;
    set(&it, "/silent");
    struct belay_curl_multi *multi = belay_curl_multi_new();
    belay_ctx *late = belay_with_timeout(it.ctx, 5 * BELAY_MILLISECOND);
    CHECK(belay_curl_multi_add(late, multi, it.easy) == 0);

    CHECK(belay_curl_multi_wait(NULL, multi, &easy, &result) == 1);

    CHECK(result == CURLE_ABORTED_BY_CALLBACK);
    belay_curl_multi_free(multi);
    belay_end(late);
    clear(&it);
}

TEST(a_wait_looks_after_a_deadline_of_its_own)
{
    struct fixture it;
    CURL *easy;
    CURLcode result;
    set(&it, "/silent");
    struct belay_curl_multi *multi = belay_curl_multi_new();
    belay_ctx *late = belay_with_timeout(it.ctx, 5 * BELAY_MILLISECOND);
    CHECK(belay_curl_multi_add(it.ctx, multi, it.easy) == 0);

    CHECK(belay_curl_multi_wait(late, multi, &easy, &result) ==
          BELAY_DEADLINE_EXCEEDED);

    belay_curl_multi_free(multi);
    belay_end(late);
    clear(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_looks_after_its_own_deadline),
        cmocka_unit_test(a_wait_looks_after_the_deadlines_of_all_its_transfers),
        cmocka_unit_test(a_wait_looks_after_a_deadline_of_its_own),
    };
    watchdog();
    if (belay_clock_fd() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
