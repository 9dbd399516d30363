/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/failing.h"

#include <limits.h>

/*
 * A scenario with every function of the library, run again and again: each
 * time another call to the system fails, until none is left that could.
 * Whatever fails, nothing leaks, no work goes on without its limit, and what
 * the library does not refuse, it does right.
 */

enum {
    MANY = 40, /* descriptors to poll: too many for the stack */
    KEPT = 2,  /* descriptors: of all contexts refused, and for a next poll */
};

struct scenario {
    int refused; /* makers that gave a context born ended with -ENOMEM */
    int destroyed;
    int values;
    int told;
    int watched;
    atomic_int ran;
    int registered;
    int wrong; /* promises broken, by the line of the last one */
};

#define PROMISE(claim) ((claim) ? (void)0 : (void)(scene->wrong = __LINE__))

static void count_destroyed(void *value)
{
    ++*(int *)value;
}

static const struct belay_key owned = {"owned", count_destroyed};

/* Either as it should be, or refused. */
static belay_ctx *made(struct scenario *scene, belay_ctx *ctx, int err)
{
    PROMISE(ctx != NULL);
    if (belay_err(ctx) == -ENOMEM)
        ++scene->refused;
    else
        PROMISE(belay_err(ctx) == err);
    return ctx;
}

static void count_run(void *arg)
{
    struct scenario *scene = arg;
    atomic_fetch_add(&scene->ran, 1);
}

static void ask(struct scenario *scene, const belay_ctx *ctx)
{
    char text[300];
    belay_time when;
    void *value = NULL;
    PROMISE((belay_err(ctx) != 0) == (belay_stopped((void *)ctx) == 1));
    PROMISE((belay_err(ctx) != 0) == (belay_cause(ctx) != NULL));
    PROMISE(belay_describe(ctx, text, sizeof text) > 0);
    PROMISE(belay_explain(ctx, text, sizeof text) >= 0);
    PROMISE(!belay_deadline(ctx, &when) || belay_remaining(ctx) >= 0);
    PROMISE(!belay_value(ctx, &owned, &value) || value != NULL);
    PROMISE(belay_err(ctx) == 0 || belay_wait(ctx) == belay_err(ctx));
    PROMISE(belay_err(ctx) == 0 || belay_sleep(ctx, 1) == belay_err(ctx));
}

/* What eventfd() may fail with, and malloc(). */
static const int refusals[] = {-EMFILE, -ENFILE, -ENOMEM, -ENODEV, -EINVAL};

static bool is_refusal(int err)
{
    for (size_t i = 0; i < LENGTH(refusals); ++i)
        if (err == refusals[i])
            return true;
    return false;
}

static void poll_many(struct scenario *scene, const belay_ctx *ctx)
{
    struct pollfd none[MANY];
    for (int i = 0; i < MANY; ++i)
        none[i] = (struct pollfd){-1, POLLIN, -1};
    int err = belay_err(ctx);
    int ready = belay_poll(ctx, none, MANY, 1);
    PROMISE(ready == err || (err == 0 && is_refusal(ready)));
    PROMISE(none[0].revents == 0);
    int fd = belay_fd(ctx);
    PROMISE(is_refusal(fd) || is_readable(fd) == (err != 0));
}

static void watch(struct scenario *scene, const belay_ctx *ctx,
                  struct belay_watch *watches)
{
    for (int i = 0; i < 2; ++i)
        if (belay_watch(ctx, &watches[i], count_call, &scene->told))
            ++scene->watched;
    if (belay_unwatch(&watches[1]))
        --scene->watched;
}

static void give_back(struct scenario *scene, struct belay_after *after,
                      bool (*how)(struct belay_after *after))
{
    if (after == NULL)
        return;
    scene->registered += how(after) ? 0 : 1;
}

static void use_everything(struct scenario *scene)
{
    ++scene->values;
    belay_ctx *value =
        made(scene, belay_with_value(NULL, &owned, &scene->destroyed), 0);
    belay_ctx *parent = made(scene, belay_with_cancel(value), 0);
    belay_ctx *timed =
        made(scene, belay_with_timeout_cause(parent, BELAY_HOUR, 1, "x"), 0);
    belay_ctx *late =
        made(scene, belay_with_deadline_cause(NULL, 0, -EIO, "too late"),
             BELAY_DEADLINE_EXCEEDED);
    belay_ctx *detached = made(scene, belay_without_cancel(timed), 0);
    belay_ctx *all[] = {value, parent, timed, late, detached};
    struct belay_watch watches[2] = {0};
    struct belay_after *run = belay_after_func(parent, count_run, scene);
    struct belay_after *stopped = belay_after_func(NULL, count_run, scene);

    watch(scene, parent, watches);
    for (size_t i = 0; i < LENGTH(all); ++i)
        ask(scene, all[i]);
    poll_many(scene, parent);
    poll_many(scene, late);
    int err = belay_err(parent);
    PROMISE(belay_cancel_cause(parent, -EPIPE, "%s", "left") == (err == 0));
    PROMISE(err != 0 || belay_cause(parent)->code == -EPIPE);
    PROMISE(belay_err(timed) != 0);
    poll_many(scene, timed);

    give_back(scene, run, belay_after_join);
    give_back(scene, stopped, belay_after_stop);
    for (size_t i = 0; i < LENGTH(all); ++i)
        belay_end(all[i]);
}

/* Runs it all, and waits until the library's threads have let go, too. */
static void check_scenario(void)
{
    struct scenario scene = {0};
    use_everything(&scene);
    while (failing_live() > KEPT)
        sched_yield();
    CHECK(scene.wrong == 0);
    CHECK(scene.destroyed == scene.values);
    CHECK(scene.told == scene.watched);
    CHECK(scene.ran == scene.registered);
    CHECK(failing_live() == KEPT);
}

/* So that there are the threads and whatever else is made only once. */
static void warm_up(void)
{
    failing_between(ALLOCATE, 0, 0, -ENOMEM);
    belay_ctx *refused = belay_with_cancel(NULL);
    failing_never();
    CHECK(belay_fd(refused) >= 0);
    belay_end(refused);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    belay_after_stop(belay_after_func(ctx, count_run, NULL));
    belay_end(ctx);
    struct scenario scene = {0};
    use_everything(&scene);
    CHECK(scene.refused == 0 && scene.wrong == 0);
}

static void fail_each(enum failing call, int at_once, int err)
{
    warm_up();
    int made_calls = 0;
    for (int n = 0; n <= made_calls; ++n) {
        int last = at_once == INT_MAX ? INT_MAX : n + at_once - 1;
        failing_between(call, n, last, err);
        check_scenario();
        made_calls = failing_count(call);
        failing_never();
    }
    CHECK(made_calls > 0);
}

TEST(every_allocation_may_fail_alone)
{
    fail_each(ALLOCATE, 1, -ENOMEM);
}

TEST(every_two_allocations_in_a_row_may_fail)
{
    fail_each(ALLOCATE, 2, -ENOMEM);
}

TEST(memory_may_run_out_anywhere_for_good)
{
    fail_each(ALLOCATE, INT_MAX, -ENOMEM);
}

TEST(every_descriptor_may_fail_alone)
{
    for (size_t i = 0; i < LENGTH(refusals); ++i)
        fail_each(EVENT, 1, refusals[i]);
}

TEST(descriptors_may_run_out_anywhere_for_good)
{
    fail_each(EVENT, INT_MAX, -EMFILE);
}

/* The first test: there is none yet that is kept for the next poll. */
TEST(without_a_descriptor_for_it_a_poll_is_refused)
{
    struct pollfd asked = {-1, POLLIN, -1};
    belay_ctx *ctx = belay_with_cancel(NULL);
    failing_between(EVENT, 0, 0, -EMFILE);

    CHECK(belay_poll(ctx, &asked, 1, -1) == -EMFILE);
    CHECK(belay_poll(ctx, &asked, 1, 1) == 0);

    CHECK(asked.revents == 0);
    failing_never();
    belay_end(ctx);
}

/* What starts a thread when there are some already is in seam_threads.c. */
TEST(threads_may_run_out_once_there_is_one_of_each_kind)
{
    const int refused[] = {-EAGAIN, -EPERM, -ENOMEM};
    warm_up();
    for (size_t i = 0; i < 20; ++i) {
        failing_between(THREAD, 0, INT_MAX, refused[i % LENGTH(refused)]);
        check_scenario();
    }
    failing_never();
}

TEST(without_failures_nothing_is_refused)
{
    warm_up();

    check_scenario();

    CHECK(failing_count(ALLOCATE) > 0 && failing_count(EVENT) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_descriptor_for_it_a_poll_is_refused),
        cmocka_unit_test(every_allocation_may_fail_alone),
        cmocka_unit_test(every_two_allocations_in_a_row_may_fail),
        cmocka_unit_test(memory_may_run_out_anywhere_for_good),
        cmocka_unit_test(every_descriptor_may_fail_alone),
        cmocka_unit_test(descriptors_may_run_out_anywhere_for_good),
        cmocka_unit_test(threads_may_run_out_once_there_is_one_of_each_kind),
        cmocka_unit_test(without_failures_nothing_is_refused),
    };
    watchdog();
    failing_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
