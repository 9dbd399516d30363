/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <signal.h>

/* Deadlines that pass, in real time, on the thread of the clock. */

/* DL01, DL05 */
TEST(a_context_ends_at_its_deadline)
{
    belay_ctx *deadline =
        belay_with_deadline(NULL, belay_now() + BELAY_MILLISECOND);
    belay_ctx *timeout = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_wait(deadline) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_wait(timeout) == BELAY_DEADLINE_EXCEEDED);

    belay_end(deadline);
    belay_end(timeout);
}

/* DL02, DL05: through what embeds it, and under a longer timeout. */
TEST(whatever_is_derived_ends_at_the_deadline)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_ctx *wrapper = belay_with_value(parent, &key, NULL);
    belay_ctx *child = belay_with_timeout(wrapper, BELAY_HOUR);

    CHECK(belay_wait(child) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_err(wrapper) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_err(parent) == BELAY_DEADLINE_EXCEEDED);
    belay_end(child);
    belay_end(wrapper);
    belay_end(parent);
}

/* S42 */
TEST(a_childs_deadline_leaves_its_parent_live)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_timeout(parent, BELAY_MILLISECOND);

    CHECK(belay_wait(child) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_err(parent) == 0);
    belay_end(child);
    belay_end(parent);
}

/* DL14, rule 7 */
TEST(a_deadline_is_never_early)
{
    for (belay_duration d = BELAY_MICROSECOND; d <= 50 * BELAY_MILLISECOND;
         d *= 2) {
        belay_time when = belay_now() + d;
        belay_ctx *ctx = belay_with_deadline(NULL, when);

        belay_wait(ctx);

        CHECK(belay_now() >= when);
        CHECK(belay_cause(ctx)->when >= when);
        belay_end(ctx);
    }
}

TEST(of_many_deadlines_none_is_early_and_none_is_lost)
{
    enum { MANY = 2000 };
    static belay_ctx *contexts[MANY];
    belay_time base = belay_now();
    for (int i = 0; i < MANY; ++i)
        contexts[i] = belay_with_deadline(NULL, base + (i * 7919) % MANY * 10 *
                                                           BELAY_MICROSECOND);

    for (int i = 0; i < MANY; ++i) {
        belay_time when;
        CHECK(belay_wait(contexts[i]) == BELAY_DEADLINE_EXCEEDED);
        CHECK(belay_deadline(contexts[i], &when));
        CHECK(belay_cause(contexts[i])->when >= when);
    }

    for (int i = 0; i < MANY; ++i)
        belay_end(contexts[i]);
}

TEST(an_earlier_deadline_does_not_wait_for_a_later_one)
{
    belay_ctx *late = belay_with_timeout(NULL, BELAY_HOUR);
    belay_ctx *early = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_wait(early) == BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_err(late) == 0);
    belay_end(early);
    belay_end(late);
}

struct teller {
    pthread_t thread;
    bool blocked;
    char name[32];
    sem_t told;
};

static void look_at_thread(void *arg, int err)
{
    struct teller *teller = arg;
    sigset_t blocked;
    (void)err;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    teller->blocked = sigismember(&blocked, SIGINT) == 1 &&
                      sigismember(&blocked, SIGALRM) == 1;
    teller->thread = pthread_self();
    pthread_getname_np(teller->thread, teller->name, sizeof teller->name);
    sem_post(&teller->told);
}

/* A context whose deadline, as short as can be, comes after the watching. */
static belay_ctx *watch_in_time(struct belay_watch *watch,
                                void (*fn)(void *arg, int err), void *arg)
{
    belay_duration d = BELAY_MILLISECOND;
    belay_ctx *ctx = belay_with_timeout(NULL, d);
    while (!belay_watch(ctx, watch, fn, arg)) {
        belay_end(ctx);
        ctx = belay_with_timeout(NULL, d *= 2);
    }
    return ctx;
}

/* Rule 10 */
TEST(a_watch_is_told_on_the_clocks_thread_when_a_deadline_fires)
{
    struct teller teller = {.thread = pthread_self()};
    struct belay_watch watch;
    char own_name[32] = "";
    sem_init(&teller.told, 0, 0);
    belay_ctx *ctx = watch_in_time(&watch, look_at_thread, &teller);

    await(&teller.told);

    pthread_getname_np(pthread_self(), own_name, sizeof own_name);
    CHECK(!pthread_equal(teller.thread, pthread_self()));
    CHECK(teller.blocked);
    CHECK(strcmp(teller.name, own_name) != 0);
    belay_unwatch(&watch);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_ends_at_its_deadline),
        cmocka_unit_test(whatever_is_derived_ends_at_the_deadline),
        cmocka_unit_test(a_childs_deadline_leaves_its_parent_live),
        cmocka_unit_test(a_deadline_is_never_early),
        cmocka_unit_test(of_many_deadlines_none_is_early_and_none_is_lost),
        cmocka_unit_test(an_earlier_deadline_does_not_wait_for_a_later_one),
        cmocka_unit_test(
            a_watch_is_told_on_the_clocks_thread_when_a_deadline_fires),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
