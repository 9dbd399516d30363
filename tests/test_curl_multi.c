/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

/* Many transfers at a time, each with a context of its own. */

struct many {
    struct fixture it; /* its handle and its context are for one of them */
    struct belay_curl_multi *multi;
    CURL *easy;      /* what a wait tells */
    CURLcode result; /* so, too */
};

static void set_many(struct many *many, const char *path)
{
    set(&many->it, path);
    many->multi = belay_curl_multi_new();
    CHECK(many->multi != NULL);
}

static void clear_many(struct many *many)
{
    belay_curl_multi_free(many->multi);
    clear(&many->it);
}

static int add(struct many *many, const belay_ctx *ctx, CURL *easy)
{
    return belay_curl_multi_add(ctx, many->multi, easy);
}

static int wait_for(struct many *many, const belay_ctx *ctx)
{
    return belay_curl_multi_wait(ctx, many->multi, &many->easy, &many->result);
}

TEST(each_transfer_is_told_once)
{
    enum { COUNT = 8 };
    struct many many;
    CURL *handles[COUNT];
    struct body bodies[COUNT] = {0};
    set_many(&many, "/");
    for (int i = 0; i < COUNT; ++i) {
        handles[i] = getter(many.it.web->url, "/", &bodies[i]);
        CHECK(add(&many, many.it.ctx, handles[i]) == 0);
    }

    for (int i = 0; i < COUNT; ++i) {
        CHECK(wait_for(&many, NULL) == 1);
        CHECK(many.result == CURLE_OK);
        curl_easy_cleanup(many.easy);
    }

    CHECK(wait_for(&many, NULL) == 0);
    for (int i = 0; i < COUNT; ++i)
        CHECK(strcmp(bodies[i].text, "ok") == 0);
    clear_many(&many);
}

TEST(the_end_of_one_context_stops_its_transfer_alone)
{
    struct many many;
    struct body body = {0};
    set_many(&many, "/silent");
    CURL *other = getter(many.it.web->url, "/gate", &body);
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(add(&many, many.it.ctx, many.it.easy) == 0);
    CHECK(add(&many, ctx, other) == 0);
    struct canceler canceler = {&many.it.web->asked, 2, many.it.ctx};
    pthread_t thread = start(cancel_after, &canceler);

    CHECK(wait_for(&many, NULL) == 1);
    CHECK(many.easy == many.it.easy);
    CHECK(many.result == CURLE_ABORTED_BY_CALLBACK);
    await(&many.it.web->left);
    sem_post(&many.it.web->gate);
    CHECK(wait_for(&many, NULL) == 1);

    CHECK(many.easy == other && many.result == CURLE_OK);
    join(thread);
    belay_end(ctx);
    curl_easy_cleanup(other);
    clear_many(&many);
}

TEST(each_deadline_stops_its_own_transfer_in_turn)
{
    enum { COUNT = 5 };
    struct many many;
    CURL *handles[COUNT];
    belay_ctx *contexts[COUNT];
    set_many(&many, "/silent");
    belay_time now = belay_now();
    for (int i = 0; i < COUNT; ++i) {
        handles[i] = getter(many.it.web->url, "/silent", &many.it.body);
        contexts[i] =
            belay_with_deadline(NULL, now + i * 20 * BELAY_MILLISECOND + 1);
        int err = add(&many, contexts[i], handles[i]);
        CHECK(err == 0 || err == BELAY_DEADLINE_EXCEEDED);
    }

    int got;
    while ((got = wait_for(&many, NULL)) == 1)
        CHECK(many.result == CURLE_ABORTED_BY_CALLBACK);

    CHECK(got == 0);
    for (int i = 0; i < COUNT; ++i) {
        CHECK(belay_err(contexts[i]) == BELAY_DEADLINE_EXCEEDED);
        belay_end(contexts[i]);
        curl_easy_cleanup(handles[i]);
    }
    clear_many(&many);
}

TEST(an_ended_context_adds_nothing)
{
    struct many many;
    set_many(&many, "/");
    belay_cancel(many.it.ctx);

    CHECK(add(&many, many.it.ctx, many.it.easy) == BELAY_CANCELED);

    CHECK(wait_for(&many, NULL) == 0);
    CHECK(belay_curl_perform(NULL, many.it.easy) == CURLE_OK);
    clear_many(&many);
}

TEST(a_handle_that_is_in_use_or_none_is_not_added)
{
    struct many many;
    set_many(&many, "/");
    CHECK(add(&many, NULL, many.it.easy) == 0);

    CHECK(add(&many, NULL, many.it.easy) == -EBUSY);
    CHECK(add(&many, NULL, NULL) == -EINVAL);

    CHECK(wait_for(&many, NULL) == 1 && many.result == CURLE_OK);
    CHECK(add(&many, NULL, many.it.easy) == 0);
    clear_many(&many);
}

/* The waiting has a context, too; its end stops no transfer. */
TEST(who_waits_may_give_up_and_wait_again)
{
    struct many many;
    set_many(&many, "/gate");
    CHECK(add(&many, many.it.ctx, many.it.easy) == 0);
    belay_ctx *brief = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);

    CHECK(wait_for(&many, brief) == BELAY_DEADLINE_EXCEEDED);
    CHECK(wait_for(&many, brief) == BELAY_DEADLINE_EXCEEDED);
    sem_post(&many.it.web->gate);
    CHECK(wait_for(&many, NULL) == 1);

    CHECK(many.result == CURLE_OK);
    belay_end(brief);
    clear_many(&many);
}

TEST(who_waits_is_woken_by_a_cancel_of_the_waiting)
{
    struct many many;
    set_many(&many, "/silent");
    CHECK(add(&many, NULL, many.it.easy) == 0);
    struct canceler canceler = {&many.it.web->asked, 1, many.it.ctx};
    pthread_t thread = start(cancel_after, &canceler);

    CHECK(wait_for(&many, many.it.ctx) == BELAY_CANCELED);

    join(thread);
    clear_many(&many);
}

TEST(what_is_still_running_is_stopped_when_all_is_given_back)
{
    struct many many;
    set_many(&many, "/silent");
    CHECK(add(&many, many.it.ctx, many.it.easy) == 0);
    belay_ctx *brief = belay_with_timeout(NULL, 5 * BELAY_MILLISECOND);
    CHECK(wait_for(&many, brief) == BELAY_DEADLINE_EXCEEDED);

    belay_curl_multi_free(many.multi);

    many.multi = NULL;
    ask_for(many.it.easy, many.it.web->url, "/");
    CHECK(belay_curl_perform(many.it.ctx, many.it.easy) == CURLE_OK);
    belay_end(brief);
    clear_many(&many);
}

static size_t wait_inside(char *data, size_t size, size_t count, void *arg)
{
    struct many *many = arg;
    (void)data;
    CHECK(wait_for(many, NULL) == -EDEADLK);
    CHECK(add(many, NULL, many->easy) == -EDEADLK);
    return size * count;
}

TEST(a_callback_can_neither_wait_nor_add)
{
    struct many many;
    set_many(&many, "/");
    many.easy = curl_easy_init();
    CURL *other = many.easy;
    curl_easy_setopt(many.it.easy, CURLOPT_WRITEFUNCTION, wait_inside);
    curl_easy_setopt(many.it.easy, CURLOPT_WRITEDATA, &many);
    CHECK(add(&many, NULL, many.it.easy) == 0);

    CHECK(wait_for(&many, NULL) == 1);

    CHECK(many.result == CURLE_OK);
    curl_easy_cleanup(other);
    clear_many(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_transfer_is_told_once),
        cmocka_unit_test(the_end_of_one_context_stops_its_transfer_alone),
        cmocka_unit_test(each_deadline_stops_its_own_transfer_in_turn),
        cmocka_unit_test(an_ended_context_adds_nothing),
        cmocka_unit_test(a_handle_that_is_in_use_or_none_is_not_added),
        cmocka_unit_test(who_waits_may_give_up_and_wait_again),
        cmocka_unit_test(who_waits_is_woken_by_a_cancel_of_the_waiting),
        cmocka_unit_test(
            what_is_still_running_is_stopped_when_all_is_given_back),
        cmocka_unit_test(a_callback_can_neither_wait_nor_add),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
