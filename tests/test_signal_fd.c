/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "child.h"

#include <belay/signal.h>

/* Signals that are blocked, and read from a descriptor: no handler. */

static void block(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    CHECK(pthread_sigmask(how, &set, NULL) == 0);
}

TEST(a_blocked_signal_makes_the_descriptor_readable_and_ends_soft)
{
    struct belay_signals signals;
    block(SIG_BLOCK);
    int fd = belay_signals_begin_fd(&signals, NULL, NULL);
    CHECK(fd >= 0 && !is_readable(fd));
    CHECK(belay_signals_run(&signals) == 0);

    raise(SIGTERM);

    CHECK(is_readable(fd));
    CHECK(belay_err(signals.soft) == 0);
    CHECK(belay_signals_run(&signals) == 1);
    CHECK(belay_err(signals.soft) == BELAY_CANCELED);
    CHECK(belay_err(signals.hard) == 0);
    CHECK(strcmp(belay_cause(signals.soft)->text,
                 "terminated signal received") == 0);
    belay_signals_end(&signals);
    block(SIG_UNBLOCK);
}

TEST(two_blocked_signals_end_both)
{
    struct belay_signals signals;
    block(SIG_BLOCK);
    CHECK(belay_signals_begin_fd(&signals, NULL, NULL) >= 0);

    raise(SIGINT);
    raise(SIGTERM);

    CHECK(belay_signals_run(&signals) == 2);
    CHECK(belay_err(signals.hard) == BELAY_CANCELED);
    CHECK(belay_signals_received(&signals) == SIGINT);
    belay_signals_end(&signals);
    block(SIG_UNBLOCK);
}

TEST(no_handler_is_installed)
{
    struct sigaction action;
    struct belay_signals signals;
    block(SIG_BLOCK);
    CHECK(belay_signals_begin_fd(&signals, NULL, NULL) >= 0);

    CHECK(sigaction(SIGINT, NULL, &action) == 0);

    CHECK(action.sa_handler == SIG_DFL);
    belay_signals_end(&signals);
    block(SIG_UNBLOCK);
}

TEST(signals_that_are_not_blocked_are_refused)
{
    struct belay_signals signals;

    CHECK(belay_signals_begin_fd(&signals, NULL, NULL) == -EINVAL);

    CHECK(belay_err(signals.soft) == BELAY_CANCELED);
    CHECK(belay_signals_run(&signals) == -EINVAL);
    belay_signals_end(&signals);
}

TEST(what_came_and_was_not_read_is_known_after_the_giving_back)
{
    struct belay_signals signals;
    block(SIG_BLOCK);
    CHECK(belay_signals_begin_fd(&signals, NULL, NULL) >= 0);

    raise(SIGTERM);
    belay_signals_end(&signals);

    CHECK(belay_signals_received(&signals) == SIGTERM);
    block(SIG_UNBLOCK);
}

static void die_of_the_third(void *arg)
{
    struct belay_signals signals;
    (void)arg;
    block(SIG_BLOCK);
    EXPECT(belay_signals_begin_fd(&signals, NULL, NULL) >= 0);
    for (int i = 0; i < 3; ++i) {
        raise(SIGTERM);
        EXPECT(belay_signals_run(&signals) == 1);
    }
}

TEST(the_third_blocked_signal_ends_the_process_as_it_would_have)
{
    CHECK(in_child(die_of_the_third, NULL) == -SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_blocked_signal_makes_the_descriptor_readable_and_ends_soft),
        cmocka_unit_test(two_blocked_signals_end_both),
        cmocka_unit_test(no_handler_is_installed),
        cmocka_unit_test(signals_that_are_not_blocked_are_refused),
        cmocka_unit_test(
            what_came_and_was_not_read_is_known_after_the_giving_back),
        cmocka_unit_test(
            the_third_blocked_signal_ends_the_process_as_it_would_have),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
