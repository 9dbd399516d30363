/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

/* HC1 and such are the rules of Go's HTTP client, HC01 and such their cases. */

/* --- Before -------------------------------------------------------------- */

/* HC01, HC2 */
TEST(an_ended_context_opens_no_connection)
{
    struct fixture it;
    set(&it, "/");
    belay_cancel(it.ctx);

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    CHECK(atomic_load(&it.web->connections) == 0);
    clear(&it);
}

/* HC1: in Go a mistake, here the background. */
TEST(a_null_context_never_ends)
{
    struct fixture it;
    set(&it, "/");

    CHECK(belay_curl_perform(NULL, it.easy) == CURLE_OK);

    CHECK(strcmp(it.body.text, "ok") == 0);
    clear(&it);
}

TEST(a_handle_that_is_null_or_in_use_is_refused)
{
    struct fixture it;
    set(&it, "/");
    CURLM *multi = curl_multi_init();
    curl_multi_add_handle(multi, it.easy);

    CHECK(belay_curl_perform(it.ctx, NULL) == CURLE_BAD_FUNCTION_ARGUMENT);
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_FAILED_INIT);

    CHECK(curl_multi_remove_handle(multi, it.easy) == CURLM_OK);
    curl_multi_cleanup(multi);
    clear(&it);
}

/* --- In the middle ------------------------------------------------------- */

/* HC03, HC7, HC8, HC08: each peer sees its client leave. */
TEST(a_cancel_stops_a_transfer_in_each_phase)
{
    static const char *const paths[] = {"/silent", "/head", "/body", "/flood",
                                        "/away"};
    for (size_t i = 0; i < LENGTH(paths); ++i) {
        struct fixture it;
        set(&it, paths[i]);
        curl_easy_setopt(it.easy, CURLOPT_FOLLOWLOCATION, 1L);
        int requests = i == 4 ? 2 : 1;

        CURLcode result = perform_until(&it.web->asked, requests, it.easy);

        CHECK(result == CURLE_ABORTED_BY_CALLBACK);
        await(&it.web->left);
        clear(&it);
    }
}

/* HC06, HC11: one result for each end, whatever the phase. */
TEST(a_deadline_stops_a_transfer_in_each_phase)
{
    static const char *const paths[] = {"/silent", "/head", "/body", "/flood"};
    for (size_t i = 0; i < LENGTH(paths); ++i) {
        struct fixture it;
        set(&it, paths[i]);
        belay_ctx *late = belay_with_timeout(it.ctx, 5 * BELAY_MILLISECOND);

        CHECK(belay_curl_perform(late, it.easy) == CURLE_ABORTED_BY_CALLBACK);

        CHECK(belay_err(late) == BELAY_DEADLINE_EXCEEDED);
        belay_end(late);
        clear(&it);
    }
}

/* HC11: a cause of one's own changes neither the result nor the error. */
TEST(a_cause_can_be_asked_of_the_context)
{
    struct fixture it;
    set(&it, "/silent");
    belay_ctx *late = belay_with_timeout_cause(it.ctx, BELAY_MILLISECOND,
                                               -EPROTO, "too slow");

    CHECK(belay_curl_perform(late, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    CHECK(belay_err(late) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_cause(late)->code == -EPROTO);
    belay_end(late);
    clear(&it);
}

/* HC11: Go's Client.Timeout is a context's; libcurl's stays libcurl's. */
TEST(a_timeout_of_the_handle_holds_and_is_called_by_its_own_name)
{
    struct fixture it;
    set(&it, "/silent");
    curl_easy_setopt(it.easy, CURLOPT_TIMEOUT_MS, 5L);
    belay_ctx *later = belay_with_timeout(it.ctx, BELAY_HOUR);

    for (int round = 0; round < 2; ++round)
        CHECK(belay_curl_perform(later, it.easy) == CURLE_OPERATION_TIMEDOUT);

    CHECK(belay_err(later) == 0);
    belay_end(later);
    clear(&it);
}

static int cancel_at_progress(void *ctx, curl_off_t a, curl_off_t b,
                              curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    belay_cancel(ctx);
    return 0;
}

TEST(a_callback_of_the_transfer_may_cancel_it)
{
    struct fixture it;
    set(&it, "/silent");
    curl_easy_setopt(it.easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(it.easy, CURLOPT_XFERINFOFUNCTION, cancel_at_progress);
    curl_easy_setopt(it.easy, CURLOPT_XFERINFODATA, it.ctx);

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    CHECK(belay_err(it.ctx) == BELAY_CANCELED);
    clear(&it);
}

/* --- What was done wins -------------------------------------------------- */

/* HC05: the end comes with the last byte. */
TEST(a_response_that_is_complete_wins_over_a_cancel)
{
    struct fixture it;
    set(&it, "/");
    it.body.cancel = it.ctx;

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    CHECK(belay_err(it.ctx) == BELAY_CANCELED);
    CHECK(strcmp(it.body.text, "ok") == 0);
    clear(&it);
}

TEST(a_response_that_is_not_complete_loses_to_a_cancel)
{
    struct fixture it;
    set(&it, "/body");
    it.body.cancel = it.ctx;

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_ABORTED_BY_CALLBACK);

    CHECK(strcmp(it.body.text, "ok") == 0);
    await(&it.web->left);
    clear(&it);
}

/* HC06: no firing after completion. */
TEST(an_end_after_the_transfer_changes_nothing)
{
    struct fixture it;
    set(&it, "/");
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    belay_cancel(it.ctx);

    CHECK(belay_curl_perform(NULL, it.easy) == CURLE_OK);
    CHECK(atomic_load(&it.web->connections) == 1);
    clear(&it);
}

/* HC3: what is the caller's is never ended from inside. */
TEST(a_transfer_that_fails_leaves_its_context_live)
{
    static const struct {
        const char *path;
        CURLcode result;
    } cases[] = {{"/half", CURLE_PARTIAL_FILE}, {"/reset", CURLE_RECV_ERROR}};
    for (size_t i = 0; i < LENGTH(cases); ++i) {
        struct fixture it;
        set(&it, cases[i].path);

        CHECK(belay_curl_perform(it.ctx, it.easy) == cases[i].result);

        CHECK(belay_err(it.ctx) == 0);
        clear(&it);
    }
}

TEST(a_peer_that_refuses_is_said_to)
{
    struct fixture it;
    set(&it, "/");
    char url[64];
    int fd = listen_somewhere(-1, url, sizeof url);
    ask_for(it.easy, url, "/");

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_COULDNT_CONNECT);

    close(fd);
    clear(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ended_context_opens_no_connection),
        cmocka_unit_test(a_null_context_never_ends),
        cmocka_unit_test(a_handle_that_is_null_or_in_use_is_refused),
        cmocka_unit_test(a_cancel_stops_a_transfer_in_each_phase),
        cmocka_unit_test(a_deadline_stops_a_transfer_in_each_phase),
        cmocka_unit_test(a_cause_can_be_asked_of_the_context),
        cmocka_unit_test(
            a_timeout_of_the_handle_holds_and_is_called_by_its_own_name),
        cmocka_unit_test(a_callback_of_the_transfer_may_cancel_it),
        cmocka_unit_test(a_response_that_is_complete_wins_over_a_cancel),
        cmocka_unit_test(a_response_that_is_not_complete_loses_to_a_cancel),
        cmocka_unit_test(an_end_after_the_transfer_changes_nothing),
        cmocka_unit_test(a_transfer_that_fails_leaves_its_context_live),
        cmocka_unit_test(a_peer_that_refuses_is_said_to),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
