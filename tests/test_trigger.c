/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "child.h"
#include "race.h"

#include <belay/signal.h>

#include <sys/time.h>

/* Canceling from a signal handler, whatever it has interrupted. */

TEST(pulling_a_trigger_cancels_its_context_and_says_why)
{
    struct belay_trigger trigger;
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_trigger_begin(&trigger, ctx, -EINTR, "pulled") == 0);
    CHECK(belay_err(ctx) == 0);

    belay_trigger_pull(&trigger);
    belay_trigger_pull(&trigger);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(belay_cause(ctx)->code == -EINTR);
    CHECK(strcmp(belay_cause(ctx)->text, "pulled") == 0);
    CHECK(strncmp(belay_cause(ctx)->where, "test_trigger.c:", 15) == 0);
    belay_trigger_end(&trigger);
    belay_end(ctx);
}

TEST(a_trigger_that_is_not_pulled_cancels_nothing)
{
    struct belay_trigger trigger;
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_trigger_begin(&trigger, ctx, 0, NULL) == 0);

    belay_trigger_end(&trigger);

    CHECK(belay_err(ctx) == 0);
    belay_end(ctx);
}

TEST(when_a_pulled_trigger_is_given_back_its_context_has_ended)
{
    struct belay_watch watch;
    struct belay_trigger trigger;
    for (int round = 0; round < 200; ++round) {
        int err = 0;
        belay_ctx *ctx = belay_with_cancel(NULL);
        CHECK(belay_trigger_begin(&trigger, ctx, 0, NULL) == 0);
        CHECK(belay_watch(ctx, &watch, keep_err, &err));

        belay_trigger_pull(&trigger);
        belay_trigger_end(&trigger);

        CHECK(err == BELAY_CANCELED);
        CHECK(strcmp(belay_cause(ctx)->text, "context canceled") == 0);
        belay_end(ctx);
    }
}

TEST(a_trigger_keeps_its_context)
{
    struct belay_trigger trigger;
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(belay_trigger_begin(&trigger, ctx, 0, NULL) == 0);

    belay_end(ctx);
    belay_trigger_pull(&trigger);

    belay_trigger_end(&trigger);
}

struct inside {
    struct belay_trigger *trigger;
    sem_t done;
};

static void give_back(void *arg, int err)
{
    struct inside *inside = arg;
    (void)err;
    belay_trigger_end(inside->trigger);
    free(inside->trigger);
    sem_post(&inside->done);
}

TEST(a_trigger_may_be_given_back_and_freed_from_a_watch)
{
    struct belay_watch watch;
    struct inside inside = {malloc(sizeof *inside.trigger), {{0}}};
    belay_ctx *ctx = belay_with_cancel(NULL);
    sem_init(&inside.done, 0, 0);
    CHECK(belay_trigger_begin(inside.trigger, ctx, 0, NULL) == 0);
    CHECK(belay_watch(ctx, &watch, give_back, &inside));

    belay_trigger_pull(inside.trigger);

    await(&inside.done);
    CHECK(!belay_unwatch(&watch));
    belay_end(ctx);
}

/* --- In the middle of anything ------------------------------------------- */

static struct belay_trigger *_Atomic armed;

static void pull_armed(int number)
{
    struct belay_trigger *trigger = atomic_load(&armed);
    (void)number;
    if (trigger != NULL)
        belay_trigger_pull(trigger);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void use_everything(const belay_ctx *parent)
{
    char text[300];
    int calls = 0;
    struct belay_watch watch;
    struct belay_trigger trigger;
    belay_ctx *ctx = belay_with_timeout(parent, BELAY_HOUR);
    bool is_watched = belay_watch(ctx, &watch, count_call, &calls);
    CHECK(belay_trigger_begin(&trigger, ctx, 0, NULL) == 0);
    belay_after_join(belay_after_func(ctx, nothing, NULL));
    belay_describe(ctx, text, sizeof text);
    belay_fd(ctx);
    belay_sleep(ctx, 1);
    belay_trigger_pull(&trigger);
    belay_cancel_cause(ctx, -EIO, "%d", 1);
    belay_trigger_end(&trigger);
    belay_unwatch(&watch);
    CHECK(!is_watched || calls == 1);
    belay_end(ctx);
}

/* Each round goes on until the handler's cancel comes: it must come. */
TEST(a_handler_cancels_whatever_function_it_has_interrupted)
{
    struct itimerval often = {{0, 300}, {0, 300}};
    struct sigaction action = {.sa_handler = pull_armed,
                               .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGVTALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_VIRTUAL, &often, NULL) == 0);

    for (int round = 0; round < (SANITIZED ? 20 : 200); ++round) {
        struct belay_trigger trigger;
        belay_ctx *ctx = belay_with_cancel(NULL);
        CHECK(belay_trigger_begin(&trigger, ctx, 0, NULL) == 0);
        atomic_store(&armed, &trigger);
        while (belay_err(ctx) == 0)
            use_everything(ctx);
        atomic_store(&armed, NULL);
        belay_trigger_end(&trigger);
        belay_end(ctx);
    }

    CHECK(setitimer(ITIMER_VIRTUAL, &(struct itimerval){{0, 0}, {0, 0}},
                    NULL) == 0);
    signal(SIGVTALRM, SIG_DFL);
}

/* --- Races --------------------------------------------------------------- */

struct pulled {
    belay_ctx *ctx;
    struct belay_trigger trigger;
    bool has_canceled;
};

static void begin(void *arg)
{
    struct pulled *pulled = arg;
    pulled->ctx = belay_with_cancel(NULL);
    CHECK(belay_trigger_begin(&pulled->trigger, pulled->ctx, -EINTR, NULL) ==
          0);
}

static void pull(void *arg)
{
    struct pulled *pulled = arg;
    belay_trigger_pull(&pulled->trigger);
}

static void cancel(void *arg)
{
    struct pulled *pulled = arg;
    pulled->has_canceled = belay_cancel(pulled->ctx);
}

static void has_one_cause(void *arg)
{
    struct pulled *pulled = arg;
    belay_trigger_end(&pulled->trigger);
    int code = belay_cause(pulled->ctx)->code;
    CHECK(code == (pulled->has_canceled ? BELAY_CANCELED : -EINTR));
    belay_end(pulled->ctx);
}

TEST(a_pull_and_a_cancel_end_a_context_once)
{
    struct pulled pulled;
    run_race((struct race){begin, cancel, pull, has_one_cause, &pulled},
             RACES / 10);
}

/* --- fork() -------------------------------------------------------------- */

static void pull_in_child(void *arg)
{
    struct pulled *pulled = arg;
    EXPECT(belay_err(pulled->ctx) == 0);
    belay_trigger_pull(&pulled->trigger);
    EXPECT(belay_wait(pulled->ctx) == BELAY_CANCELED);
    EXPECT(belay_cause(pulled->ctx)->code == -EINTR);
    belay_trigger_end(&pulled->trigger);
    belay_end(pulled->ctx);
}

TEST(in_the_child_of_a_fork_a_trigger_cancels_there_and_not_here)
{
    struct pulled pulled;
    begin(&pulled);

    CHECK(in_child(pull_in_child, &pulled) == 0);

    CHECK(belay_err(pulled.ctx) == 0);
    belay_trigger_end(&pulled.trigger);
    belay_end(pulled.ctx);
}

static void *begin_elsewhere(void *arg)
{
    begin(arg);
    return NULL;
}

TEST(in_the_child_of_a_fork_a_trigger_of_another_thread_cancels)
{
    struct pulled pulled;
    join(start(begin_elsewhere, &pulled));

    CHECK(in_child(pull_in_child, &pulled) == 0);

    belay_trigger_end(&pulled.trigger);
    belay_end(pulled.ctx);
}

static void wait_in_child(void *arg)
{
    struct pulled *pulled = arg;
    EXPECT(belay_wait(pulled->ctx) == BELAY_CANCELED);
}

TEST(a_pull_before_a_fork_cancels_on_both_sides)
{
    for (int round = 0; round < 20; ++round) {
        struct pulled pulled;
        begin(&pulled);

        belay_trigger_pull(&pulled.trigger);

        CHECK(in_child(wait_in_child, &pulled) == 0);
        CHECK(belay_wait(pulled.ctx) == BELAY_CANCELED);
        belay_trigger_end(&pulled.trigger);
        belay_end(pulled.ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulling_a_trigger_cancels_its_context_and_says_why),
        cmocka_unit_test(a_trigger_that_is_not_pulled_cancels_nothing),
        cmocka_unit_test(
            when_a_pulled_trigger_is_given_back_its_context_has_ended),
        cmocka_unit_test(a_trigger_keeps_its_context),
        cmocka_unit_test(a_trigger_may_be_given_back_and_freed_from_a_watch),
        cmocka_unit_test(
            a_handler_cancels_whatever_function_it_has_interrupted),
        cmocka_unit_test(a_pull_and_a_cancel_end_a_context_once),
        cmocka_unit_test(
            in_the_child_of_a_fork_a_trigger_cancels_there_and_not_here),
        cmocka_unit_test(
            in_the_child_of_a_fork_a_trigger_of_another_thread_cancels),
        cmocka_unit_test(a_pull_before_a_fork_cancels_on_both_sides),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
