/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "names.h"

#include <belay/resolve.h>

static const struct addrinfo streams = {.ai_socktype = SOCK_STREAM};

struct asker {
    const belay_ctx *ctx;
    const char *host;
    int result;
    struct addrinfo *list;
};

static void *ask(void *arg)
{
    struct asker *asker = arg;
    asker->result =
        belay_resolve(asker->ctx, asker->host, "80", &streams, &asker->list);
    return asker;
}

/* Asks, and leaves without an answer. */
static int ask_briefly(const char *host)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct asker asker = {.ctx = ctx, .host = host};
    ask(&asker);
    belay_end(ctx);
    return asker.result;
}

/* Asks and leaves when the look-up has begun: it goes on. */
static void abandon(const char *host)
{
    int before = belay_resolve_abandoned();
    while (belay_resolve_abandoned() == before)
        CHECK(ask_briefly(host) == BELAY_DEADLINE_EXCEEDED);
    await(&names.entered);
}

static void await_abandoned(int count)
{
    while (belay_resolve_abandoned() != count)
        sched_yield();
}

/* --- Answers -------------------------------------------------------------- */

TEST(a_name_is_resolved)
{
    struct addrinfo *list = NULL;
    open_names();

    CHECK(belay_resolve(NULL, "some.test", "80", &streams, &list) == 0);

    const struct sockaddr_in *address = (const void *)list->ai_addr;
    CHECK(list->ai_socktype == SOCK_STREAM && list->ai_next == NULL);
    CHECK(address->sin_addr.s_addr == htonl(0xc0000201));
    CHECK(strcmp(list->ai_canonname, "canonical.test") == 0);
    belay_resolve_free(list);
    belay_resolve_free(NULL);
}

TEST(a_failure_is_an_errno)
{
    static const struct {
        const char *host;
        int err;
    } failures[] = {{"none", -ENXIO},
                    {"again", -EAGAIN},
                    {"fail", -EIO},
                    {"system", -EMFILE}};
    for (size_t i = 0; i < LENGTH(failures); ++i) {
        struct asker asker = {.host = failures[i].host};
        errno = 12345;

        ask(&asker);

        CHECK(asker.result == failures[i].err);
        CHECK(asker.list == NULL && errno == 12345);
    }
}

TEST(figures_are_answered_without_a_thread)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "fe80::1%lo",
                                        "::ffff:1.2.3.4", NULL};
    for (size_t i = 0; i < LENGTH(hosts); ++i) {
        struct asker asker = {.host = hosts[i]};

        ask(&asker);

        CHECK(asker.result == 0);
        CHECK(pthread_equal(names.thread, pthread_self()));
        CHECK((names.flags & AI_NUMERICHOST) != 0 || hosts[i] == NULL);
        belay_resolve_free(asker.list);
    }
}

TEST(names_are_looked_up_on_a_thread_that_takes_no_signals)
{
    struct asker asker = {.host = "some.test"};
    struct addrinfo *list;

    ask(&asker);

    CHECK(!pthread_equal(names.thread, pthread_self()));
    CHECK(names.blocked_signals == 2);
    CHECK(belay_resolve(NULL, "127.0.0.1", "http", NULL, &list) == 0);
    CHECK(!pthread_equal(names.thread, pthread_self()));
    belay_resolve_free(list);
    belay_resolve_free(asker.list);
}

TEST(an_ended_context_asks_nobody)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct asker asker = {.ctx = ctx, .host = "some.test"};
    struct asker in_figures = {.ctx = ctx, .host = "127.0.0.1"};
    belay_cancel(ctx);
    open_names();

    ask(&asker);
    ask(&in_figures);

    CHECK(asker.result == BELAY_CANCELED);
    CHECK(in_figures.result == BELAY_CANCELED);
    CHECK(names.calls == 0);
    belay_end(ctx);
}

/* --- Leaving -------------------------------------------------------------- */

/* NT05 */
TEST(a_blocked_look_up_ends_with_its_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct asker asker = {.ctx = ctx, .host = "slow"};
    open_names();
    pthread_t thread = start(ask, &asker);
    await(&names.entered);

    belay_cancel(ctx);

    join(thread);
    CHECK(asker.result == BELAY_CANCELED);
    CHECK(belay_resolve_abandoned() == 1);
    sem_post(&names.release);
    await_abandoned(0);
    belay_end(ctx);
}

/* NT05 */
TEST(who_leaves_does_not_disturb_who_asks_the_same)
{
    struct asker asker = {.host = "slow"};
    open_names();
    pthread_t thread = start(ask, &asker);
    await(&names.entered);

    CHECK(ask_briefly("slow") == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_resolve_abandoned() == 0);
    sem_post(&names.release);
    join(thread);
    CHECK(asker.result == 0 && names.calls == 1);
    belay_resolve_free(asker.list);
}

TEST(who_asks_the_same_takes_up_what_was_abandoned)
{
    struct asker asker = {.host = "slow"};
    open_names();
    abandon("slow");
    CHECK(belay_resolve_abandoned() == 1);
    pthread_t thread = start(ask, &asker);

    await_abandoned(0);
    sem_post(&names.release);

    join(thread);
    CHECK(asker.result == 0 && names.calls == 1);
    belay_resolve_free(asker.list);
}

TEST(what_differs_is_looked_up_by_itself)
{
    struct addrinfo *lists[3];
    struct asker asker = {.host = "slow"};
    const struct addrinfo datagrams = {.ai_socktype = SOCK_DGRAM};
    open_names();
    pthread_t thread = start(ask, &asker);
    await(&names.entered);
    sem_post(&names.release);
    join(thread);
    abandon("slow");

    CHECK(belay_resolve(NULL, "slo", "80", &streams, &lists[0]) == 0);
    CHECK(belay_resolve(NULL, "other", "80", &datagrams, &lists[1]) == 0);
    CHECK(belay_resolve(NULL, "other", NULL, NULL, &lists[2]) == 0);

    CHECK(names.calls == 5);
    sem_post(&names.release);
    await_abandoned(0);
    for (size_t i = 0; i < LENGTH(lists); ++i)
        belay_resolve_free(lists[i]);
    belay_resolve_free(asker.list);
}

TEST(so_many_run_at_a_time_and_the_others_can_be_taken_back)
{
    struct asker late = {.host = "after.test"};
    open_names();
    for (int i = 0; i < BELAY_RESOLVE_AT_ONCE; ++i) {
        char host[32];
        snprintf(host, sizeof host, "slow-%d", i);
        abandon(host);
    }
    CHECK(belay_resolve_abandoned() == BELAY_RESOLVE_AT_ONCE);

    CHECK(ask_briefly("never.test") == BELAY_DEADLINE_EXCEEDED);
    pthread_t thread = start(ask, &late);

    for (int i = 0; i < BELAY_RESOLVE_AT_ONCE; ++i)
        sem_post(&names.release);
    join(thread);
    await_abandoned(0);
    CHECK(late.result == 0);
    CHECK(names.calls == BELAY_RESOLVE_AT_ONCE + 1);
    belay_resolve_free(late.list);
}

/* --- Processes ------------------------------------------------------------ */

static void ask_in_a_child(void *arg)
{
    struct asker asker = {.host = arg};
    EXPECT(belay_resolve_abandoned() == 0);
    ask(&asker);
    EXPECT(asker.result == 0);
    belay_resolve_free(asker.list);
}

TEST(a_child_begins_without_look_ups)
{
    open_names();
    abandon("slow");

    CHECK(in_child(ask_in_a_child, "some.test") == 0);

    CHECK(belay_resolve_abandoned() == 1);
    sem_post(&names.release);
    await_abandoned(0);
}

static void leave_in_the_middle(void *arg)
{
    while (belay_resolve_abandoned() == 0)
        EXPECT(ask_briefly(arg) == BELAY_DEADLINE_EXCEEDED);
    exit(0);
}

TEST(leaving_does_not_wait_for_a_look_up)
{
    CHECK(in_child(leave_in_the_middle, "slow") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_resolved),
        cmocka_unit_test(a_failure_is_an_errno),
        cmocka_unit_test(figures_are_answered_without_a_thread),
        cmocka_unit_test(names_are_looked_up_on_a_thread_that_takes_no_signals),
        cmocka_unit_test(an_ended_context_asks_nobody),
        cmocka_unit_test(a_blocked_look_up_ends_with_its_context),
        cmocka_unit_test(who_leaves_does_not_disturb_who_asks_the_same),
        cmocka_unit_test(who_asks_the_same_takes_up_what_was_abandoned),
        cmocka_unit_test(what_differs_is_looked_up_by_itself),
        cmocka_unit_test(
            so_many_run_at_a_time_and_the_others_can_be_taken_back),
        cmocka_unit_test(a_child_begins_without_look_ups),
        cmocka_unit_test(leaving_does_not_wait_for_a_look_up),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
