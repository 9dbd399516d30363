/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "child.h"

#include <belay/signal.h>

/* Contexts that end on signals; SG01 to SG05 of Go's cases are marked. */

static sigset_t set_of(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}

static atomic_int calls;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&calls, 1);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    CHECK(sigaction(number, &action, NULL) == 0);
    atomic_store(&calls, 0);
}

static struct sigaction handling_of(int number)
{
    struct sigaction action;
    CHECK(sigaction(number, NULL, &action) == 0);
    return action;
}

/* --- First, second, third ------------------------------------------------ */

TEST(the_first_signal_ends_soft_and_the_second_hard)
{
    struct belay_signals signals;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);
    CHECK(belay_err(signals.soft) == 0);
    CHECK(belay_signals_received(&signals) == 0);

    raise(SIGINT);
    CHECK(belay_wait(signals.soft) == BELAY_CANCELED);
    CHECK(belay_err(signals.hard) == 0);
    raise(SIGTERM);
    CHECK(belay_wait(signals.hard) == BELAY_CANCELED);

    CHECK(belay_signals_received(&signals) == SIGINT);
    belay_signals_end(&signals);
}

/* SG01 */
TEST(the_cause_names_the_signal_and_stays_that_of_the_first)
{
    struct belay_signals signals;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

    raise(SIGINT);
    belay_wait(signals.soft);
    raise(SIGTERM);
    belay_wait(signals.hard);

    const struct belay_cause *soft = belay_cause(signals.soft);
    const struct belay_cause *hard = belay_cause(signals.hard);
    CHECK(soft->code == BELAY_CANCELED && hard->code == BELAY_CANCELED);
    CHECK(strcmp(soft->text, "interrupt signal received") == 0);
    CHECK(strcmp(hard->text, "terminated signal received") == 0);
    CHECK(strncmp(soft->where, "test_signal.c:", 14) == 0);
    belay_signals_end(&signals);
}

static void die_of_the_third(void *arg)
{
    int number = *(int *)arg;
    struct belay_signals signals;
    sigset_t set = set_of(number);
    EXPECT(belay_signals_begin(&signals, NULL, &set) == 0);
    raise(number);
    EXPECT(belay_wait(signals.soft) == BELAY_CANCELED);
    raise(number);
    EXPECT(belay_wait(signals.hard) == BELAY_CANCELED);
    raise(number);
    for (;;)
        pause();
}

TEST(the_third_signal_ends_the_process_as_it_would_have)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < LENGTH(numbers); ++i) {
        int number = numbers[i];
        CHECK(in_child(die_of_the_third, &number) == -number);
    }
}

static sem_t handled;

static void post_handled(int number)
{
    (void)number;
    sem_post(&handled);
}

TEST(the_third_signal_goes_to_the_handler_that_was_there_before)
{
    struct belay_signals signals;
    sigset_t set = set_of(SIGUSR1);
    sem_init(&handled, 0, 0);
    handle(SIGUSR1, post_handled);
    CHECK(belay_signals_begin(&signals, NULL, &set) == 0);

    raise(SIGUSR1);
    belay_wait(signals.soft);
    raise(SIGUSR1);
    belay_wait(signals.hard);
    CHECK(!has_come(&handled));
    raise(SIGUSR1);
    await(&handled);

    belay_signals_end(&signals);
    CHECK(handling_of(SIGUSR1).sa_handler == post_handled);
}

/* --- Parents ------------------------------------------------------------- */

/* SG03 */
TEST(a_parents_end_ends_both_with_its_own_cause)
{
    struct belay_signals signals;
    belay_ctx *parent = belay_with_cancel(NULL);
    CHECK(belay_signals_begin(&signals, parent, NULL) == 0);

    belay_cancel_cause(parent, -EPIPE, "client left");

    CHECK(belay_cause(signals.soft)->code == -EPIPE);
    CHECK(belay_cause(signals.hard)->code == -EPIPE);
    belay_signals_end(&signals);
    belay_end(parent);
}

/* SG03: premature; signals are caught all the same, as in Go. */
TEST(an_ended_parent_has_signals_caught_until_they_are_given_back)
{
    struct belay_signals signals;
    sigset_t set = set_of(SIGUSR1);
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_cancel_cause(parent, -EPIPE, "client left");
    handle(SIGUSR1, count_signal);

    CHECK(belay_signals_begin(&signals, parent, &set) == 0);
    CHECK(belay_cause(signals.soft)->code == -EPIPE);
    raise(SIGUSR1);
    belay_signals_end(&signals);

    CHECK(atomic_load(&calls) == 0);
    CHECK(belay_signals_received(&signals) == SIGUSR1);
    belay_end(parent);
}

static void *cancel(void *ctx)
{
    return belay_cancel(ctx) ? ctx : NULL;
}

/* SG04: giving back is once; canceling is what may be concurrent. */
TEST(of_a_hundred_concurrent_cancels_one_ends_it)
{
    enum { MANY = 100 };
    pthread_t threads[MANY];
    struct belay_signals signals;
    int winners = 0;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

    for (int i = 0; i < MANY; ++i)
        threads[i] = start(cancel, signals.soft);
    for (int i = 0; i < MANY; ++i)
        winners += join(threads[i]) != NULL;

    CHECK(winners == 1);
    CHECK(strcmp(belay_cause(signals.soft)->text, "context canceled") == 0);
    belay_signals_end(&signals);
}

/* SG05: Go says signal.NotifyContext(<parent>, [...]); here it is a child. */
TEST(a_description_is_that_of_a_child)
{
    char text[200];
    struct belay_signals signals;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

    belay_describe(signals.soft, text, sizeof text);

    CHECK(strcmp(text, "context.Background.WithCancel.WithCancel") == 0);
    belay_signals_end(&signals);
}

/* --- Watches ------------------------------------------------------------- */

struct slow {
    sem_t entered;
    sem_t leave;
};

static void be_slow(void *arg, int err)
{
    struct slow *slow = arg;
    (void)err;
    sem_post(&slow->entered);
    await(&slow->leave);
}

TEST(a_slow_watch_of_the_first_stage_does_not_delay_the_second)
{
    struct slow slow;
    struct belay_watch watch;
    struct belay_signals signals;
    sem_init(&slow.entered, 0, 0);
    sem_init(&slow.leave, 0, 0);
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);
    CHECK(belay_watch(signals.soft, &watch, be_slow, &slow));

    raise(SIGINT);
    await(&slow.entered);
    raise(SIGINT);
    CHECK(belay_wait(signals.hard) == BELAY_CANCELED);

    sem_post(&slow.leave);
    CHECK(!belay_unwatch(&watch));
    belay_signals_end(&signals);
}

struct inside {
    struct belay_signals signals;
    struct belay_watch watch;
    sem_t done;
};

static void give_back(void *arg, int err)
{
    struct inside *inside = arg;
    (void)err;
    belay_signals_end(&inside->signals);
    sem_post(&inside->done);
}

TEST(signals_may_be_given_back_from_a_watch_of_theirs)
{
    struct inside inside;
    sem_init(&inside.done, 0, 0);
    CHECK(belay_signals_begin(&inside.signals, NULL, NULL) == 0);
    CHECK(belay_watch(inside.signals.soft, &inside.watch, give_back, &inside));

    raise(SIGTERM);

    await(&inside.done);
    CHECK(!belay_unwatch(&inside.watch));
    CHECK(handling_of(SIGTERM).sa_handler == SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First: the thread sanitizer loses signals in the child of a process
           that has had threads. */
        cmocka_unit_test(the_third_signal_ends_the_process_as_it_would_have),
        cmocka_unit_test(the_first_signal_ends_soft_and_the_second_hard),
        cmocka_unit_test(
            the_cause_names_the_signal_and_stays_that_of_the_first),
        cmocka_unit_test(
            the_third_signal_goes_to_the_handler_that_was_there_before),
        cmocka_unit_test(a_parents_end_ends_both_with_its_own_cause),
        cmocka_unit_test(
            an_ended_parent_has_signals_caught_until_they_are_given_back),
        cmocka_unit_test(of_a_hundred_concurrent_cancels_one_ends_it),
        cmocka_unit_test(a_description_is_that_of_a_child),
        cmocka_unit_test(
            a_slow_watch_of_the_first_stage_does_not_delay_the_second),
        cmocka_unit_test(signals_may_be_given_back_from_a_watch_of_theirs),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
