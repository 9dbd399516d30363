/* SPDX-License-Identifier: MIT */
#include "race.h"

#include <belay/signal.h>

#include <signal.h>

/* A signal against giving back, and against another end. */

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

TEST(what_came_just_before_the_giving_back_is_known)
{
    for (int round = 0; round < 200; ++round) {
        struct belay_signals signals;
        CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

        raise(SIGTERM);
        belay_signals_end(&signals);

        CHECK(belay_signals_received(&signals) == SIGTERM);
    }
}

static void begin(void *arg)
{
    sigset_t set = set_of(SIGUSR1);
    atomic_store(&calls, 0);
    CHECK(belay_signals_begin((struct belay_signals *)arg, NULL, &set) == 0);
}

static void end(void *arg)
{
    belay_signals_end(arg);
}

static void send(void *arg)
{
    (void)arg;
    raise(SIGUSR1);
}

static void is_counted_once(void *arg)
{
    struct belay_signals *signals = arg;
    int counted = belay_signals_received(signals) == SIGUSR1;
    CHECK(counted + atomic_load(&calls) == 1);
}

/* Never both, never neither. */
TEST(a_signal_is_counted_or_does_what_it_did_before)
{
    struct belay_signals signals;
    signal(SIGUSR1, count_signal);

    run_race((struct race){begin, end, send, is_counted_once, &signals},
             RACES / 10);

    signal(SIGUSR1, SIG_DFL);
}

static void end_soft(void *arg)
{
    struct belay_signals *signals = arg;
    belay_cancel(signals->soft);
}

static void is_ended_once(void *arg)
{
    struct belay_signals *signals = arg;
    const char *text = belay_cause(signals->soft)->text;
    CHECK(belay_wait(signals->soft) == BELAY_CANCELED);
    CHECK(strcmp(text, "context canceled") == 0 ||
          strcmp(text, "user defined signal 1 received") == 0);
    belay_signals_end(signals);
    CHECK(belay_signals_received(signals) == SIGUSR1);
}

TEST(a_signal_and_a_cancel_end_a_context_once)
{
    struct belay_signals signals;
    signal(SIGUSR1, count_signal);

    run_race((struct race){begin, end_soft, send, is_ended_once, &signals},
             RACES / 10);

    signal(SIGUSR1, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_just_before_the_giving_back_is_known),
        cmocka_unit_test(a_signal_is_counted_or_does_what_it_did_before),
        cmocka_unit_test(a_signal_and_a_cancel_end_a_context_once),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
