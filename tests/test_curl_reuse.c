/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

#include <sys/resource.h>
#include <sys/wait.h>

/* What stays from one transfer to the next. */

static int connections(const struct fixture *it)
{
    return atomic_load(&it->web->connections);
}

/* --- Connections --------------------------------------------------------- */

TEST(a_connection_serves_the_next_transfer_of_its_handle)
{
    struct fixture it;
    set(&it, "/");

    for (int round = 0; round < 10; ++round)
        CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    CHECK(connections(&it) == 1);
    clear(&it);
}

TEST(a_connection_serves_the_next_handle_of_its_thread)
{
    struct fixture it;
    set(&it, "/");
    CURL *other = getter(it.web->url, "/", &it.body);
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    CHECK(belay_curl_perform(NULL, other) == CURLE_OK);

    CHECK(connections(&it) == 1);
    curl_easy_cleanup(other);
    clear(&it);
}

/* HC03: what was broken off is not used again; what is idle is not lost. */
TEST(after_a_cancel_a_handle_gets_another_connection)
{
    struct fixture it;
    set(&it, "/");
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);
    ask_for(it.easy, it.web->url, "/silent");
    CHECK(perform_until(&it.web->asked, 2, it.easy) ==
          CURLE_ABORTED_BY_CALLBACK);
    ask_for(it.easy, it.web->url, "/");

    for (int round = 0; round < 10; ++round)
        CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    CHECK(connections(&it) == 2);
    clear(&it);
}

TEST(a_cancel_costs_other_peers_no_connection)
{
    struct fixture it;
    struct fixture other;
    set(&it, "/silent");
    set(&other, "/");
    CHECK(belay_curl_perform(other.ctx, other.easy) == CURLE_OK);

    perform_until(&it.web->asked, 1, it.easy);

    CHECK(belay_curl_perform(other.ctx, other.easy) == CURLE_OK);
    CHECK(connections(&other) == 1);
    clear(&other);
    clear(&it);
}

TEST(idle_connections_are_closed_on_request)
{
    struct fixture it;
    set(&it, "/");
    int before = open_descriptors();
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    belay_curl_close_idle();
    belay_curl_close_idle();

    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);
    CHECK(connections(&it) == 2);
    belay_curl_close_idle();
    CHECK(open_descriptors() <= before + 2); /* the server's, if it is slow */
    clear(&it);
}

static void *perform(void *arg)
{
    struct fixture *it = arg;
    return (void *)(intptr_t)belay_curl_perform(it->ctx, it->easy);
}

TEST(a_handle_may_go_from_thread_to_thread)
{
    struct fixture it;
    set(&it, "/");

    for (int round = 0; round < 4; ++round)
        CHECK((intptr_t)join(start(perform, &it)) == CURLE_OK);

    CHECK(connections(&it) == 4);
    clear(&it);
}

/* --- Inside a callback --------------------------------------------------- */

static size_t perform_inside(char *data, size_t size, size_t count, void *arg)
{
    struct fixture *inner = arg;
    (void)data;
    CHECK(belay_curl_perform(inner->ctx, inner->easy) == CURLE_OK);
    return size * count;
}

TEST(a_callback_may_perform_another_transfer)
{
    struct fixture outer;
    struct fixture inner;
    set(&outer, "/");
    set(&inner, "/");
    curl_easy_setopt(outer.easy, CURLOPT_WRITEFUNCTION, perform_inside);
    curl_easy_setopt(outer.easy, CURLOPT_WRITEDATA, &inner);

    for (int round = 0; round < 3; ++round)
        CHECK(belay_curl_perform(outer.ctx, outer.easy) == CURLE_OK);

    CHECK(connections(&outer) == 1);
    CHECK(connections(&inner) == 1);
    clear(&inner);
    clear(&outer);
}

/* --- What is scarce ------------------------------------------------------ */

TEST(a_thousand_canceled_transfers_leave_nothing_behind)
{
    struct fixture it;
    set(&it, "/silent");
    perform_until(&it.web->asked, 1, it.easy);
    await(&it.web->left);
    int before = open_descriptors();

    for (int round = 0; round < 1000; ++round) {
        CHECK(perform_until(&it.web->asked, 1, it.easy) ==
              CURLE_ABORTED_BY_CALLBACK);
        await(&it.web->left);
    }

    CHECK(open_descriptors() <= before + 1);
    clear(&it);
}

TEST(without_descriptors_a_transfer_is_refused)
{
    struct fixture it;
    set(&it, "/");
    belay_curl_close_idle();
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit none = {0, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);

    CURLcode result = belay_curl_perform(it.ctx, it.easy);
    struct belay_curl_multi *multi = belay_curl_multi_new();

    setrlimit(RLIMIT_NOFILE, &limit);
    CHECK(result == CURLE_OUT_OF_MEMORY);
    CHECK(multi == NULL);
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);
    clear(&it);
}

/* --- fork(), pthread_cancel() -------------------------------------------- */

/* The parent's connection is the parent's, though the child has inherited it.
 */
TEST(a_forked_child_opens_connections_of_its_own)
{
    struct fixture it;
    set(&it, "/");
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);

    pid_t child = fork();
    if (child == 0) {
        CURL *easy = getter(it.web->url, "/", &it.body);
        CURLcode result = belay_curl_perform(NULL, easy);
        belay_curl_close_idle();
        _exit(result == CURLE_OK ? 0 : 1);
    }

    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(connections(&it) == 2);
    CHECK(belay_curl_perform(it.ctx, it.easy) == CURLE_OK);
    CHECK(connections(&it) == 2);
    clear(&it);
}

static void *perform_and_keep(void *arg)
{
    struct fixture *it = arg;
    it->body.length = (size_t)belay_curl_perform(it->ctx, it->easy);
    pthread_testcancel();
    return NULL;
}

TEST(pthread_cancel_waits_until_the_transfer_is_over)
{
    struct fixture it;
    set(&it, "/silent");
    pthread_t thread = start(perform_and_keep, &it);
    await(&it.web->asked);

    pthread_cancel(thread);
    belay_cancel(it.ctx);

    CHECK(join(thread) == PTHREAD_CANCELED);
    CHECK(it.body.length == CURLE_ABORTED_BY_CALLBACK);
    clear(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_serves_the_next_transfer_of_its_handle),
        cmocka_unit_test(a_connection_serves_the_next_handle_of_its_thread),
        cmocka_unit_test(after_a_cancel_a_handle_gets_another_connection),
        cmocka_unit_test(a_cancel_costs_other_peers_no_connection),
        cmocka_unit_test(idle_connections_are_closed_on_request),
        cmocka_unit_test(a_handle_may_go_from_thread_to_thread),
        cmocka_unit_test(a_callback_may_perform_another_transfer),
        cmocka_unit_test(a_thousand_canceled_transfers_leave_nothing_behind),
        cmocka_unit_test(without_descriptors_a_transfer_is_refused),
        cmocka_unit_test(a_forked_child_opens_connections_of_its_own),
        cmocka_unit_test(pthread_cancel_waits_until_the_transfer_is_over),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
