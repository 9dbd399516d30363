/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include "race.h"

#include <belay/curl.h>

/* A cancel comes at any moment of a transfer: it stops it, or was too late. */

enum { TRANSFERS = SANITIZED ? 300 : 3000 };

struct rivals {
    struct fixture it;
    belay_ctx *ctx;
    CURLcode result;
    int round;
    atomic_int performed; /* rounds */
};

static void begin(void *arg)
{
    struct rivals *rivals = arg;
    ++rivals->round;
    rivals->ctx = belay_with_cancel(rivals->it.ctx);
    memset(&rivals->it.body, 0, sizeof rivals->it.body);
}

static void perform(void *arg)
{
    struct rivals *rivals = arg;
    rivals->result = belay_curl_perform(rivals->ctx, rivals->it.easy);
    atomic_store(&rivals->performed, rivals->round);
}

/* Anywhere in the transfer; in each eighth round, after it. */
static void cancel(void *arg)
{
    struct rivals *rivals = arg;
    if (rivals->round % 8 == 0)
        await_count(&rivals->performed, rivals->round);
    spin(rivals->round % 8 * rivals->round % 30000);
    belay_cancel(rivals->ctx);
}

static void finish(void *arg)
{
    struct rivals *rivals = arg;
    CHECK(belay_err(rivals->ctx) == BELAY_CANCELED);
    if (rivals->result == CURLE_OK)
        CHECK(strcmp(rivals->it.body.text, "ok") == 0);
    else
        CHECK(rivals->result == CURLE_ABORTED_BY_CALLBACK);
    CHECK(rivals->round % 8 != 0 || rivals->result == CURLE_OK);
    belay_end(rivals->ctx);
}

TEST(a_transfer_that_races_with_its_cancel_is_whole_or_stopped)
{
    struct rivals rivals = {.round = 0};
    struct race race = {begin, perform, cancel, finish, &rivals};
    set(&rivals.it, "/");
    run_race(race, TRANSFERS);
    CHECK(belay_curl_perform(NULL, rivals.it.easy) == CURLE_OK);
    clear(&rivals.it);
}

/* As above, with a second context in the same handle. */
static void perform_two(void *arg)
{
    struct rivals *rivals = arg;
    struct body body = {0};
    CURL *other = getter(rivals->it.web->url, "/", &body);
    struct belay_curl_multi *multi = belay_curl_multi_new();
    CURL *easy;
    CURLcode result;
    int err = belay_curl_multi_add(rivals->ctx, multi, rivals->it.easy);
    rivals->result = CURLE_ABORTED_BY_CALLBACK;
    CHECK(err == 0 || err == BELAY_CANCELED);
    CHECK(belay_curl_multi_add(rivals->it.ctx, multi, other) == 0);
    while (belay_curl_multi_wait(NULL, multi, &easy, &result) == 1)
        if (easy == rivals->it.easy)
            rivals->result = result;
        else
            CHECK(result == CURLE_OK && strcmp(body.text, "ok") == 0);
    belay_curl_multi_free(multi);
    curl_easy_cleanup(other);
    atomic_store(&rivals->performed, rivals->round);
}

TEST(a_cancel_races_with_one_of_two_transfers_and_spares_the_other)
{
    struct rivals rivals = {.round = 0};
    struct race race = {begin, perform_two, cancel, finish, &rivals};
    set(&rivals.it, "/");
    run_race(race, TRANSFERS / 4);
    clear(&rivals.it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_transfer_that_races_with_its_cancel_is_whole_or_stopped),
        cmocka_unit_test(
            a_cancel_races_with_one_of_two_transfers_and_spares_the_other),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
