/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/delay.h"

/* A canceler that is held when the function of a watch has returned, and the
   library has not yet let go of the watch. */

static void *cancel(void *ctx)
{
    return (void *)(uintptr_t)belay_cancel_cause(ctx, -EPIPE, "first");
}

static pthread_t cancel_until(const char *place, belay_ctx *ctx)
{
    delay_hold(place);
    pthread_t canceler = start(cancel, ctx);
    delay_await(place);
    return canceler;
}

/* Returns what the canceler's call returned. */
static bool let_cancel_go_on(const char *place, pthread_t canceler)
{
    delay_release(place);
    bool won = join(canceler) != NULL;
    return won;
}

static bool ended_by_first(const belay_ctx *ctx)
{
    return belay_err(ctx) == BELAY_CANCELED &&
           belay_cause(ctx)->code == -EPIPE &&
           strcmp(belay_cause(ctx)->text, "first") == 0;
}

struct taker {
    struct belay_watch *watch;
    bool taken;
};

static void *take_back(void *arg)
{
    struct taker *taker = arg;
    taker->taken = belay_unwatch(taker->watch);
    return NULL;
}

/* Class A: what is taken back may be freed, and the library still has it. */
TEST(taking_back_waits_until_the_library_has_let_go_of_the_watch)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch *watch = malloc(sizeof *watch);
    int calls = 0;
    CHECK(belay_watch(ctx, watch, count_call, &calls));

    pthread_t canceler = cancel_until("told", ctx);
    CHECK(calls == 1 && belay_try_unwatch(watch) == -EBUSY);
    struct taker taker = {watch, true};
    delay_hold("sleep");
    pthread_t other = start(take_back, &taker);
    delay_await("sleep");

    CHECK(let_cancel_go_on("told", canceler));
    delay_release("sleep");
    join(other);
    CHECK(!taker.taken);
    free(watch);
    belay_end(ctx);
}

/* Rule 4, class C */
TEST(no_lock_is_held_while_a_watch_is_told)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watches[2];
    int calls = 0;
    CHECK(belay_watch(ctx, &watches[0], count_call, &calls));
    CHECK(belay_watch(ctx, &watches[1], count_call, &calls));

    pthread_t canceler = cancel_until("told", ctx);
    belay_ctx *child = belay_with_cancel(ctx);
    belay_unref(belay_ref(ctx));

    CHECK(ended_by_first(child));
    CHECK(is_readable(belay_fd(ctx)));
    CHECK(belay_unwatch(&watches[1]));
    CHECK(let_cancel_go_on("told", canceler));
    CHECK(calls == 1);
    belay_end(child);
    belay_end(ctx);
}

static void free_watch(void *arg, int err)
{
    (void)err;
    belay_unwatch(arg);
    free(arg);
}

TEST(a_watch_that_freed_itself_is_not_touched_again)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch *watch = malloc(sizeof *watch);
    CHECK(belay_watch(ctx, watch, free_watch, watch));

    pthread_t canceler = cancel_until("told", ctx);
    belay_end(ctx);

    CHECK(let_cancel_go_on("told", canceler));
}

/* --- From inside, while another thread waits for fn --------------------- */

struct again {
    struct belay_watch watch;
    belay_ctx *next;
    sem_t entered;
    sem_t go;
    bool watched;
    int calls;
};

static void watch_the_next(void *arg, int err)
{
    struct again *again = arg;
    (void)err;
    sem_post(&again->entered);
    await(&again->go);
    again->watched =
        belay_watch(again->next, &again->watch, count_call, &again->calls);
}

/* To whoever waits for it, fn is over when it registers its watch again. */
TEST(a_watch_may_be_used_again_inside_while_another_thread_waits_for_it)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct again again = {.next = belay_with_cancel(NULL)};
    sem_init(&again.entered, 0, 0);
    sem_init(&again.go, 0, 0);
    CHECK(belay_watch(ctx, &again.watch, watch_the_next, &again));
    pthread_t canceler = start(cancel, ctx);
    await(&again.entered);
    struct taker taker = {&again.watch, true};
    delay_hold("sleep");
    pthread_t other = start(take_back, &taker);
    delay_await("sleep");

    sem_post(&again.go);
    CHECK(join(canceler) != NULL);
    delay_release("sleep");
    join(other);

    CHECK(!taker.taken && again.watched && again.calls == 0);
    belay_end(again.next);
    CHECK(again.calls == 1);
    belay_end(ctx);
}

/* A bug of ours: whoever took it back did so under the lock of the family that
   the watch had before. */
TEST(a_watch_used_again_inside_is_taken_back_under_its_new_lock)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct again again = {.next = belay_with_cancel(NULL)};
    sem_init(&again.entered, 0, 0);
    sem_init(&again.go, 0, 1);
    CHECK(belay_watch(ctx, &again.watch, watch_the_next, &again));
    struct taker taker = {&again.watch, true};
    delay_hold("unwatch");
    pthread_t other = start(take_back, &taker);
    delay_await("unwatch");
    CHECK(join(start(cancel, ctx)) != NULL && again.watched);

    pthread_t canceler = cancel_until("entered", again.next);
    delay_hold("relax");
    delay_release("unwatch");
    delay_await("relax"); /* the canceler has the lock that it needs */
    CHECK(let_cancel_go_on("entered", canceler));
    delay_release("relax");
    join(other);

    CHECK(!taker.taken && again.calls == 1);
    belay_end(again.next);
    belay_end(ctx);
}

static void forget_itself(void *arg, int err)
{
    struct again *again = arg;
    (void)err;
    sem_post(&again->entered);
    await(&again->go);
    again->watched = belay_unwatch(&again->watch);
}

TEST(a_watch_may_take_itself_back_while_another_thread_waits_for_it)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct again again = {.watched = true};
    sem_init(&again.entered, 0, 0);
    sem_init(&again.go, 0, 0);
    CHECK(belay_watch(ctx, &again.watch, forget_itself, &again));
    pthread_t canceler = start(cancel, ctx);
    await(&again.entered);
    struct taker taker = {&again.watch, true};
    delay_hold("sleep");
    pthread_t other = start(take_back, &taker);
    delay_await("sleep");

    sem_post(&again.go);
    CHECK(join(canceler) != NULL);
    delay_release("sleep");
    join(other);

    CHECK(!taker.taken && !again.watched);
    CHECK(belay_try_unwatch(&again.watch) == 0);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            taking_back_waits_until_the_library_has_let_go_of_the_watch),
        cmocka_unit_test(no_lock_is_held_while_a_watch_is_told),
        cmocka_unit_test(a_watch_that_freed_itself_is_not_touched_again),
        cmocka_unit_test(
            a_watch_may_be_used_again_inside_while_another_thread_waits_for_it),
        cmocka_unit_test(
            a_watch_used_again_inside_is_taken_back_under_its_new_lock),
        cmocka_unit_test(
            a_watch_may_take_itself_back_while_another_thread_waits_for_it),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
