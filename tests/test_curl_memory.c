/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

/* Each allocation of libcurl's is refused once. */

static int refused_after = -1; /* that many more succeed; -1: all */

static bool is_refused(void)
{
    return refused_after >= 0 && refused_after-- == 0;
}

static void *give(size_t size)
{
    return is_refused() ? NULL : malloc(size);
}

static void *give_again(void *old, size_t size)
{
    return is_refused() ? NULL : realloc(old, size);
}

static void *give_zeros(size_t count, size_t size)
{
    return is_refused() ? NULL : calloc(count, size);
}

static char *give_copy(const char *text)
{
    return is_refused() ? NULL : strdup(text);
}

/* Returns whether one was refused, and lets all succeed again. */
static bool was_refused(void)
{
    bool was = refused_after < 0;
    refused_after = -1;
    return was;
}

TEST(without_memory_a_transfer_fails_and_the_next_one_does_not)
{
    struct fixture it;
    set(&it, "/");
    for (int n = 0;; ++n) {
        belay_curl_close_idle();
        refused_after = n;
        CURLcode result = belay_curl_perform(it.ctx, it.easy);
        bool is_short = was_refused();

        CHECK(is_short || result == CURLE_OK);
        CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);
        if (!is_short)
            break;
    }
    CHECK(belay_err(it.ctx) == 0);
    clear(&it);
}

TEST(without_memory_there_is_no_multi_and_nothing_is_added)
{
    struct fixture it;
    set(&it, "/");
    for (int n = 0;; ++n) {
        refused_after = n;
        struct belay_curl_multi *multi = belay_curl_multi_new();
        int err = -ENOMEM;
        if (multi != NULL)
            err = belay_curl_multi_add(it.ctx, multi, it.easy);
        bool is_short = was_refused();

        CHECK(is_short || err == 0);
        belay_curl_multi_free(multi);
        CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);
        if (!is_short)
            break;
    }
    clear(&it);
}

TEST(without_memory_a_list_of_headers_stays_as_it_is)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MINUTE);
    struct curl_slist *list = curl_slist_append(NULL, "timeout-ms: 7");
    for (int n = 0; n < 2; ++n) {
        refused_after = n;

        CHECK(belay_curl_headers(ctx, BELAY_HOP_PLAIN, &list) == -ENOMEM);

        CHECK(was_refused());
        CHECK(strcmp(list->data, "timeout-ms: 7") == 0 && list->next == NULL);
    }
    CHECK(belay_curl_headers(ctx, BELAY_HOP_PLAIN, &list) == 0);
    curl_slist_free_all(list);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            without_memory_a_transfer_fails_and_the_next_one_does_not),
        cmocka_unit_test(without_memory_there_is_no_multi_and_nothing_is_added),
        cmocka_unit_test(without_memory_a_list_of_headers_stays_as_it_is),
    };
    watchdog();
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, give, free, give_again,
                             give_copy, give_zeros) != CURLE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
