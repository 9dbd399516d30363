/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <signal.h>

/* AF01 */
TEST(an_after_function_runs_after_the_end)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *after = belay_after_func(ctx, post, &ran);
    CHECK(after != NULL);
    CHECK(!has_come(&ran));

    belay_cancel(ctx);

    await(&ran);
    CHECK(!belay_after_stop(after));
    belay_end(ctx);
}

/* S63 */
TEST(an_after_function_runs_after_a_deadline_and_an_ancestors_end)
{
    belay_ctx *timed = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *late = belay_after_func(timed, post, &ran);
    struct belay_after *inherited = belay_after_func(child, post, &ran);

    await(&ran);
    belay_cancel(parent);
    await(&ran);

    CHECK(!belay_after_join(late));
    CHECK(!belay_after_join(inherited));
    belay_end(child);
    belay_end(parent);
    belay_end(timed);
}

static void keep_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

/* AF03, S62 */
TEST(an_after_function_of_an_ended_context_runs_at_once_elsewhere)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    pthread_t ran_on = pthread_self();

    struct belay_after *after = belay_after_func(ctx, keep_thread, &ran_on);

    CHECK(!belay_after_join(after));
    CHECK(!pthread_equal(ran_on, pthread_self()));
    belay_end(ctx);
}

TEST(an_after_function_never_runs_on_the_cancelers_thread)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t ran_on = pthread_self();
    struct belay_after *after = belay_after_func(ctx, keep_thread, &ran_on);

    belay_cancel(ctx);

    CHECK(!belay_after_join(after));
    CHECK(!pthread_equal(ran_on, pthread_self()));
    belay_end(ctx);
}

static void never(void *arg)
{
    (void)arg;
    abort();
}

/* AF04 */
TEST(an_after_function_that_was_stopped_never_runs)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *stopped = belay_after_func(ctx, never, NULL);
    struct belay_after *joined = belay_after_func(ctx, never, NULL);

    CHECK(belay_after_stop(stopped));
    CHECK(belay_after_join(joined));

    CHECK(belay_cancel(ctx));
    belay_end(ctx);
}

TEST(stopping_nothing_prevents_nothing)
{
    CHECK(!belay_after_stop(NULL));
    CHECK(!belay_after_join(NULL));
}

/* AF07 */
TEST(each_of_many_after_functions_runs_once)
{
    enum { MANY = 8 };
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *afters[MANY];
    sem_t ran[MANY];
    for (int i = 0; i < MANY; ++i) {
        sem_init(&ran[i], 0, 0);
        afters[i] = belay_after_func(ctx, post, &ran[i]);
    }

    belay_cancel(ctx);
    for (int i = 0; i < MANY; ++i)
        CHECK(!belay_after_join(afters[i]));

    for (int i = 0; i < MANY; ++i)
        CHECK(has_come(&ran[i]) && !has_come(&ran[i]));
    belay_end(ctx);
}

static void meet(void *barrier)
{
    pthread_barrier_wait(barrier);
}

/* None could leave the barrier if two shared a thread. */
TEST(each_after_function_has_a_thread_to_itself)
{
    enum { MANY = 8 };
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_after *afters[MANY];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, MANY);
    for (int i = 0; i < MANY; ++i)
        afters[i] = belay_after_func(ctx, meet, &barrier);

    belay_end(ctx);

    for (int i = 0; i < MANY; ++i)
        CHECK(!belay_after_join(afters[i]));
    pthread_barrier_destroy(&barrier);
}

struct inside {
    struct belay_after *after;
    bool (*give_back)(struct belay_after *after);
    sem_t may;
    sem_t returned;
    bool prevented;
};

static void give_self_back(void *arg)
{
    struct inside *inside = arg;
    await(&inside->may);
    inside->prevented = inside->give_back(inside->after);
    sem_post(&inside->returned);
}

TEST(an_after_function_may_give_itself_back)
{
    bool (*ways[])(struct belay_after *) = {belay_after_stop, belay_after_join};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct inside inside = {.give_back = ways[i], .prevented = true};
        sem_init(&inside.may, 0, 0);
        sem_init(&inside.returned, 0, 0);
        inside.after = belay_after_func(ctx, give_self_back, &inside);

        belay_end(ctx);
        sem_post(&inside.may);

        await(&inside.returned);
        CHECK(!inside.prevented);
    }
}

struct holder {
    const belay_ctx *ctx;
    sem_t may;
    int err;
    int code;
};

static void ask(void *arg)
{
    struct holder *holder = arg;
    await(&holder->may);
    holder->err = belay_err(holder->ctx);
    holder->code = belay_cause(holder->ctx)->code;
}

/* S68 */
TEST(the_registration_holds_the_context_until_the_function_has_returned)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct holder holder = {.ctx = ctx};
    sem_init(&holder.may, 0, 0);
    struct belay_after *after = belay_after_func(ctx, ask, &holder);

    belay_cancel_cause(ctx, -EPIPE, "client left");
    belay_end(ctx);
    sem_post(&holder.may);

    CHECK(!belay_after_join(after));
    CHECK(holder.err == BELAY_CANCELED);
    CHECK(holder.code == -EPIPE);
}

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

TEST(the_registration_holds_the_values_until_it_is_stopped)
{
    static const struct belay_key key = {"key", count_destroyed};
    int destroyed = 0;
    belay_ctx *value = belay_with_value(NULL, &key, &destroyed);
    belay_ctx *ctx = belay_with_cancel(value);
    struct belay_after *after = belay_after_func(value, never, NULL);

    belay_end(ctx);
    belay_end(value);
    CHECK(destroyed == 0);
    CHECK(belay_after_stop(after));

    CHECK(destroyed == 1);
}

static void look_at_signals(void *arg)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    const int asynchronous[] = {SIGINT,  SIGTERM, SIGHUP,  SIGALRM,
                                SIGCHLD, SIGUSR1, SIGPROF, SIGWINCH};
    bool *all = arg;
    *all = true;
    for (size_t i = 0; i < LENGTH(asynchronous); ++i)
        *all &= sigismember(&blocked, asynchronous[i]) == 1;
}

/* Rule 10 */
TEST(an_after_function_runs_with_all_signals_blocked)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    bool all = false;

    CHECK(!belay_after_join(belay_after_func(ctx, look_at_signals, &all)));

    CHECK(all);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_after_function_runs_after_the_end),
        cmocka_unit_test(
            an_after_function_runs_after_a_deadline_and_an_ancestors_end),
        cmocka_unit_test(
            an_after_function_of_an_ended_context_runs_at_once_elsewhere),
        cmocka_unit_test(an_after_function_never_runs_on_the_cancelers_thread),
        cmocka_unit_test(an_after_function_that_was_stopped_never_runs),
        cmocka_unit_test(stopping_nothing_prevents_nothing),
        cmocka_unit_test(each_of_many_after_functions_runs_once),
        cmocka_unit_test(each_after_function_has_a_thread_to_itself),
        cmocka_unit_test(an_after_function_may_give_itself_back),
        cmocka_unit_test(
            the_registration_holds_the_context_until_the_function_has_returned),
        cmocka_unit_test(the_registration_holds_the_values_until_it_is_stopped),
        cmocka_unit_test(an_after_function_runs_with_all_signals_blocked),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
