/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/delay.h"

#include <dirent.h>

/* Whoever races with a cancel is held just before its decisive step, while the
   cancel runs to its end.  That the other side wins is what the tests without
   delays see.  What a canceller in the middle means is in seam_race_end.c. */

/* --- "derive": rule 6, CA16, S18 ----------------------------------------- */

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

/* --- "unwatch" ------------------------------------------------------------ */

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

/* --- "drop" --------------------------------------------------------------- */

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

/* --- "fd" ----------------------------------------------------------------- */

static int count_descriptors(void)
{
    DIR *open = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(open) != NULL)
        ++count;
    closedir(open);
    return count;
}

static void *make_fd(void *ctx)
{
    return (void *)(intptr_t)belay_fd(ctx);
}

static pthread_t hold_at_fd(belay_ctx *ctx)
{
    delay_hold("fd");
    pthread_t thread = start(make_fd, ctx);
    delay_await("fd");
    return thread;
}

static int let_fd_go_on(pthread_t thread)
{
    delay_release("fd");
    int fd = (int)(intptr_t)join(thread);
    return fd;
}

/* Class F, reliability row 50 */
TEST(a_descriptor_made_while_its_context_ends_is_readable)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t thread = hold_at_fd(ctx);

    CHECK(belay_cancel(ctx));
    int fd = let_fd_go_on(thread);

    CHECK(fd >= 0 && is_readable(fd));
    CHECK(belay_fd(ctx) == fd);
    belay_end(ctx);
}

/* Class N */
TEST(two_threads_that_make_a_descriptor_at_once_get_the_same)
{
    int before = count_descriptors();
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t thread = hold_at_fd(ctx);

    int ours = belay_fd(ctx);
    int theirs = let_fd_go_on(thread);

    CHECK(ours >= 0 && ours == theirs);
    CHECK(count_descriptors() == before + 1);
    belay_end(ctx);
    CHECK(count_descriptors() == before);
}

/* --- "wait": class F, reliability row 45 ---------------------------------- */

struct waiter {
    const belay_ctx *ctx;
    int (*wait)(const belay_ctx *ctx);
};

static void *wait_on(void *arg)
{
    struct waiter *waiter = arg;
    return (void *)(intptr_t)waiter->wait(waiter->ctx);
}

static int sleep_an_hour(const belay_ctx *ctx)
{
    return belay_sleep(ctx, BELAY_HOUR);
}

TEST(a_cancel_between_the_look_and_the_sleep_is_not_missed)
{
    int (*ways[])(const belay_ctx *) = {belay_wait, sleep_an_hour};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct waiter waiter = {ctx, ways[i]};
        delay_hold("wait");
        pthread_t thread = start(wait_on, &waiter);
        delay_await("wait");

        CHECK(belay_cancel(ctx));
        delay_release("wait");

        CHECK((intptr_t)join(thread) == BELAY_CANCELED);
        belay_end(ctx);
    }
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
        cmocka_unit_test(a_descriptor_made_while_its_context_ends_is_readable),
        cmocka_unit_test(
            two_threads_that_make_a_descriptor_at_once_get_the_same),
        cmocka_unit_test(a_cancel_between_the_look_and_the_sleep_is_not_missed),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
