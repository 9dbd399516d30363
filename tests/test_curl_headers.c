/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

/* The header that tells the peer how much time there is. */

static int length(const struct curl_slist *list)
{
    int count = 0;
    for (; list != NULL; list = list->next)
        ++count;
    return count;
}

static belay_duration told(const char *line, enum belay_hop hop)
{
    const char *name = belay_hop_header(hop);
    belay_duration left = -1;
    CHECK(strncmp(line, name, strlen(name)) == 0);
    CHECK(strncmp(line + strlen(name), ": ", 2) == 0);
    CHECK(belay_hop_parse(hop, line + strlen(name) + 2, &left) == 0);
    return left;
}

TEST(the_line_tells_no_more_than_what_is_left)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MINUTE);
    struct curl_slist *list = NULL;
    for (enum belay_hop hop = BELAY_HOP_PLAIN; hop <= BELAY_HOP_ENVOY; ++hop) {
        CHECK(belay_curl_headers(ctx, hop, &list) == 0);

        struct curl_slist *last = list;
        while (last->next != NULL)
            last = last->next;
        CHECK(told(last->data, hop) > 0);
        CHECK(told(last->data, hop) <= BELAY_MINUTE);
    }
    CHECK(length(list) == 3);
    curl_slist_free_all(list);
    belay_end(ctx);
}

TEST(the_lines_of_the_program_stay_as_they_are)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MINUTE);
    struct curl_slist *list = curl_slist_append(NULL, "Accept: text/plain");
    list = curl_slist_append(list, "timeout-ms-of-mine: 7");
    list = curl_slist_append(list, "x-timeout-ms: 7");

    CHECK(belay_curl_headers(ctx, BELAY_HOP_PLAIN, &list) == 0);

    CHECK(length(list) == 4);
    CHECK(strcmp(list->data, "Accept: text/plain") == 0);
    CHECK(strcmp(list->next->data, "timeout-ms-of-mine: 7") == 0);
    CHECK(strcmp(list->next->next->data, "x-timeout-ms: 7") == 0);
    curl_slist_free_all(list);
    belay_end(ctx);
}

/* The next call has less: for a retry, or a list copied from a request. */
TEST(an_earlier_line_is_exchanged_in_its_place)
{
    static const char *const lines[] = {"Grpc-Timeout: 99H",
                                        "grpc-timeout:", "GRPC-TIMEOUT;"};
    for (size_t i = 0; i < LENGTH(lines); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MINUTE);
        struct curl_slist *list = curl_slist_append(NULL, lines[i]);
        list = curl_slist_append(list, "Accept: text/plain");

        CHECK(belay_curl_headers(ctx, BELAY_HOP_GRPC, &list) == 0);

        CHECK(length(list) == 2);
        CHECK(told(list->data, BELAY_HOP_GRPC) <= BELAY_MINUTE);
        CHECK(strcmp(list->next->data, "Accept: text/plain") == 0);
        curl_slist_free_all(list);
        belay_end(ctx);
    }
}

TEST(without_a_deadline_an_earlier_line_goes)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct curl_slist *list = curl_slist_append(NULL, "timeout-ms: 7");
    struct curl_slist *empty = NULL;

    CHECK(belay_curl_headers(ctx, BELAY_HOP_PLAIN, &list) == 0);
    CHECK(belay_curl_headers(NULL, BELAY_HOP_PLAIN, &empty) == 0);

    CHECK(list == NULL);
    CHECK(empty == NULL);
    belay_end(ctx);
}

TEST(an_ended_context_leaves_the_list_alone)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    struct curl_slist *list = curl_slist_append(NULL, "timeout-ms: 7");

    CHECK(belay_curl_headers(ctx, BELAY_HOP_PLAIN, &list) ==
          BELAY_DEADLINE_EXCEEDED);

    CHECK(length(list) == 1 && strcmp(list->data, "timeout-ms: 7") == 0);
    curl_slist_free_all(list);
    belay_end(ctx);
}

/* HC09: what the peer gets is less than what the caller has. */
TEST(the_peer_is_told_and_can_derive_its_own_context)
{
    struct fixture it;
    struct curl_slist *list = NULL;
    char value[32] = "";
    set(&it, "/");
    belay_ctx *ctx = belay_with_timeout(it.ctx, BELAY_MINUTE);
    CHECK(belay_curl_headers(ctx, BELAY_HOP_GRPC, &list) == 0);
    curl_easy_setopt(it.easy, CURLOPT_HTTPHEADER, list);

    CHECK(belay_curl_perform(ctx, it.easy) == CURLE_OK);

    await(&it.web->asked);
    const char *line = strstr(it.web->request, "\r\ngrpc-timeout: ");
    CHECK(line != NULL && sscanf(line, "%*s %31s", value) == 1);
    belay_ctx *far = belay_with_hop(NULL, BELAY_HOP_GRPC, value);
    CHECK(belay_err(far) == 0 && belay_remaining(far) <= BELAY_MINUTE);
    belay_end(far);
    curl_slist_free_all(list);
    belay_end(ctx);
    clear(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_tells_no_more_than_what_is_left),
        cmocka_unit_test(the_lines_of_the_program_stay_as_they_are),
        cmocka_unit_test(an_earlier_line_is_exchanged_in_its_place),
        cmocka_unit_test(without_a_deadline_an_earlier_line_goes),
        cmocka_unit_test(an_ended_context_leaves_the_list_alone),
        cmocka_unit_test(the_peer_is_told_and_can_derive_its_own_context),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
