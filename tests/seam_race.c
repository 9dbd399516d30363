/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/delay.h"

/* Whoever races with a cancel is held just before its decisive step, while the
   cancel runs to its end.  That the other side wins is what the tests without
   delays see.  What a canceler in the middle means is in seam_race_end.c. */

/* --- "derive": rule 6, CA16, S18 ---------------------------------------- */

struct deriver {
    const belay_ctx *parent;
    belay_ctx *(*derive)(const belay_ctx *parent);
    belay_ctx *child;
};

static void *derive(void *arg)
{
    struct deriver *deriver = arg;
    deriver->child = deriver->derive(deriver->parent);
    return NULL;
}

static belay_ctx *with_hour(const belay_ctx *parent)
{
    return belay_with_timeout(parent, BELAY_HOUR);
}

static belay_ctx *with_no_time(const belay_ctx *parent)
{
    return belay_with_timeout_cause(parent, 0, -EIO, "too slow");
}

static belay_ctx *with_nothing(const belay_ctx *parent)
{
    return belay_with_cancel(parent);
}

/* CA16, rule 6 */
TEST(deriving_never_loses_a_cancel)
{
    belay_ctx *(*kinds[])(const belay_ctx *) = {with_nothing, with_hour,
                                                with_no_time};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        belay_ctx *parent = belay_with_cancel(NULL);
        struct deriver deriver = {parent, kinds[i], NULL};
        delay_hold("derive");
        pthread_t thread = start(derive, &deriver);
        delay_await("derive");

        CHECK(belay_cancel_cause(parent, -EPIPE, "left"));
        delay_release("derive");
        join(thread);

        CHECK(belay_err(deriver.child) == BELAY_CANCELED);
        CHECK(belay_cause(deriver.child)->code == -EPIPE);
        belay_end(deriver.child);
        belay_end(parent);
    }
}

TEST(deriving_from_what_is_given_back_meanwhile_needs_a_reference_only)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    struct deriver deriver = {belay_ref(parent), with_hour, NULL};
    delay_hold("derive");
    pthread_t thread = start(derive, &deriver);
    delay_await("derive");

    belay_end(parent);
    delay_release("derive");
    join(thread);
    belay_unref(deriver.parent);

    CHECK(belay_err(deriver.child) == BELAY_CANCELED);
    belay_end(deriver.child);
}

/* --- "unwatch" ---------------------------------------------------------- */

struct taker {
    struct belay_watch watch;
    struct belay_after *after;
    bool taken;
    int tried;
};

static void *take_back(void *arg)
{
    struct taker *taker = arg;
    taker->taken = belay_unwatch(&taker->watch);
    return NULL;
}

static void *try_to_take_back(void *arg)
{
    struct taker *taker = arg;
    taker->tried = belay_try_unwatch(&taker->watch);
    return NULL;
}

static pthread_t hold_before_unwatch(void *(*run)(void *), void *arg)
{
    delay_hold("unwatch");
    pthread_t thread = start(run, arg);
    delay_await("unwatch");
    return thread;
}

static void let_unwatch_go_on(pthread_t thread)
{
    delay_release("unwatch");
    join(thread);
}

TEST(taking_back_comes_too_late_when_the_watch_was_told)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct taker taker = {.taken = true};
    int calls = 0;
    CHECK(belay_watch(ctx, &taker.watch, count_call, &calls));
    pthread_t thread = hold_before_unwatch(take_back, &taker);

    CHECK(belay_cancel(ctx));
    CHECK(calls == 1);

    let_unwatch_go_on(thread);
    CHECK(!taker.taken);
    belay_end(ctx);
}

TEST(taking_back_comes_too_late_when_the_context_is_gone)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct taker taker = {.tried = 1};
    int calls = 0;
    CHECK(belay_watch(ctx, &taker.watch, count_call, &calls));
    pthread_t thread = hold_before_unwatch(try_to_take_back, &taker);

    belay_end(ctx);
    CHECK(calls == 1);

    let_unwatch_go_on(thread);
    CHECK(taker.tried == 0);
}

static void *stop_after(void *arg)
{
    struct taker *taker = arg;
    taker->taken = belay_after_stop(taker->after);
    return NULL;
}

/* S67, the side of the cancel */
TEST(stopping_comes_too_late_when_the_function_has_run)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct taker taker = {.after = belay_after_func(ctx, post, &ran),
                          .taken = true};
    pthread_t thread = hold_before_unwatch(stop_after, &taker);

    CHECK(belay_cancel(ctx));
    await(&ran);

    let_unwatch_go_on(thread);
    CHECK(!taker.taken);
    belay_end(ctx);
}

/* --- "drop" ------------------------------------------------------------- */

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

static const struct belay_key owned = {"owned", count_destroyed};

static void *let_go(void *ctx)
{
    belay_unref(ctx);
    return NULL;
}

TEST(whoever_lets_go_last_frees)
{
    int destroyed = 0;
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(parent, &owned, &destroyed);
    belay_ctx *child = belay_with_cancel(value);
    delay_hold("drop");
    pthread_t thread = start(let_go, (void *)belay_ref(child));
    delay_await("drop");

    CHECK(belay_cancel(parent));
    belay_end(child);
    belay_end(value);
    belay_end(parent);
    CHECK(destroyed == 0);

    delay_release("drop");
    join(thread);
    CHECK(destroyed == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deriving_never_loses_a_cancel),
        cmocka_unit_test(
            deriving_from_what_is_given_back_meanwhile_needs_a_reference_only),
        cmocka_unit_test(taking_back_comes_too_late_when_the_watch_was_told),
        cmocka_unit_test(taking_back_comes_too_late_when_the_context_is_gone),
        cmocka_unit_test(stopping_comes_too_late_when_the_function_has_run),
        cmocka_unit_test(whoever_lets_go_last_frees),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
