/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "child.h"

#include <belay/signal.h>

#include <sys/resource.h>

/* What is installed, when, and what comes back. */

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

static void (*handler_of(int number))(int)
{
    struct sigaction action;
    CHECK(sigaction(number, NULL, &action) == 0);
    return action.sa_handler;
}

TEST(what_was_installed_before_comes_back_with_the_last_of_several)
{
    struct belay_signals left;
    struct belay_signals right;
    signal(SIGTERM, count_signal);
    CHECK(belay_signals_begin(&left, NULL, NULL) == 0);
    CHECK(belay_signals_begin(&right, NULL, NULL) == 0);

    belay_signals_end(&left);
    CHECK(handler_of(SIGTERM) != count_signal);
    belay_signals_end(&right);

    CHECK(handler_of(SIGTERM) == count_signal);
    CHECK(handler_of(SIGINT) == SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

TEST(each_of_several_counts_for_itself)
{
    struct belay_signals early;
    struct belay_signals late;
    CHECK(belay_signals_begin(&early, NULL, NULL) == 0);
    raise(SIGINT);
    CHECK(belay_signals_begin(&late, NULL, NULL) == 0);
    CHECK(belay_err(late.soft) == 0);

    raise(SIGINT);

    CHECK(belay_wait(early.hard) == BELAY_CANCELED);
    CHECK(belay_wait(late.soft) == BELAY_CANCELED);
    CHECK(belay_err(late.hard) == 0);
    belay_signals_end(&early);
    belay_signals_end(&late);
}

TEST(a_signal_of_another_set_is_not_counted)
{
    struct belay_signals usual;
    struct belay_signals other;
    sigset_t set = set_of(SIGUSR2);
    CHECK(belay_signals_begin(&usual, NULL, NULL) == 0);
    CHECK(belay_signals_begin(&other, NULL, &set) == 0);

    raise(SIGUSR2);

    CHECK(belay_wait(other.soft) == BELAY_CANCELED);
    CHECK(belay_err(usual.soft) == 0);
    CHECK(belay_signals_received(&usual) == 0);
    belay_signals_end(&usual);
    belay_signals_end(&other);
}

/* nohup(1), and what a shell without job control starts in the background */
TEST(an_interrupt_that_is_ignored_stays_ignored)
{
    struct belay_signals signals;
    signal(SIGINT, SIG_IGN);
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

    CHECK(handler_of(SIGINT) == SIG_IGN);
    raise(SIGINT);
    belay_signals_end(&signals);

    CHECK(belay_signals_received(&signals) == 0);
    CHECK(handler_of(SIGINT) == SIG_IGN);
    signal(SIGINT, SIG_DFL);
}

TEST(any_other_signal_that_is_ignored_is_caught_and_ignored_again)
{
    struct belay_signals signals;
    signal(SIGTERM, SIG_IGN);
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

    raise(SIGTERM);
    CHECK(belay_wait(signals.soft) == BELAY_CANCELED);
    belay_signals_end(&signals);

    CHECK(handler_of(SIGTERM) == SIG_IGN);
    signal(SIGTERM, SIG_DFL);
}

TEST(a_handler_that_others_put_on_top_stays)
{
    struct belay_signals signals;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);
    signal(SIGTERM, count_signal);

    belay_signals_end(&signals);

    CHECK(handler_of(SIGTERM) == count_signal);
    signal(SIGTERM, SIG_DFL);
}

TEST(a_signal_changes_no_errno_and_interrupts_no_call)
{
    struct sigaction action;
    struct belay_signals signals;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);

    errno = EXDEV;
    raise(SIGINT);

    CHECK(errno == EXDEV);
    CHECK(sigaction(SIGINT, NULL, &action) == 0);
    CHECK((action.sa_flags & SA_RESTART) != 0);
    belay_signals_end(&signals);
}

static void *wait_for_it(void *arg)
{
    struct belay_signals *signals = arg;
    belay_wait(signals->soft);
    belay_wait(signals->hard);
    return NULL;
}

/* Any thread may get it, also one that waits inside the library. */
TEST(a_signal_to_the_process_wakes_every_thread_that_waits)
{
    enum { MANY = 8 };
    pthread_t threads[MANY];
    struct belay_signals signals;
    CHECK(belay_signals_begin(&signals, NULL, NULL) == 0);
    for (int i = 0; i < MANY; ++i)
        threads[i] = start(wait_for_it, &signals);

    kill(getpid(), SIGINT);
    belay_wait(signals.soft);
    kill(getpid(), SIGINT);

    for (int i = 0; i < MANY; ++i)
        join(threads[i]);
    belay_signals_end(&signals);
}

/* Its own cancellation is pending from before the first call to the last. */
static void *use_while_canceled(void *arg)
{
    struct belay_signals signals;
    struct belay_trigger trigger;
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_cancel(pthread_self());
    belay_signals_begin(&signals, NULL, NULL);
    belay_signals_end(&signals);
    if (belay_trigger_begin(&trigger, ctx, 0, NULL) == 0) {
        belay_trigger_pull(&trigger);
        belay_trigger_end(&trigger);
    }
    *(int *)arg = belay_err(ctx);
    belay_end(ctx);
    pthread_testcancel();
    return NULL;
}

TEST(a_thread_is_canceled_within_none_of_these_functions)
{
    int err = 0;

    CHECK(join(start(use_while_canceled, &err)) == PTHREAD_CANCELED);

    CHECK(err == BELAY_CANCELED);
}

/* --- Refusals ------------------------------------------------------------ */

TEST(a_set_that_cannot_be_caught_is_refused_and_so_is_work)
{
    const int numbers[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGABRT, 0};
    for (size_t i = 0; i < LENGTH(numbers); ++i) {
        struct belay_signals signals;
        sigset_t set = set_of(SIGTERM);
        if (numbers[i] == 0)
            sigemptyset(&set);
        else
            sigaddset(&set, numbers[i]);

        CHECK(belay_signals_begin(&signals, NULL, &set) == -EINVAL);

        CHECK(belay_err(signals.soft) == BELAY_CANCELED);
        CHECK(belay_cause(signals.hard)->code == -EINVAL);
        CHECK(handler_of(SIGTERM) == SIG_DFL);
        belay_signals_end(&signals);
    }
}

static void begin_without_descriptors(void *arg)
{
    (void)arg;
    struct belay_signals signals;
    if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0}) != 0)
        _exit(77); /* valgrind has a limit of its own */
    EXPECT(belay_signals_begin(&signals, NULL, NULL) == -EMFILE);
    EXPECT(belay_cause(signals.soft)->code == -EMFILE);
    EXPECT(handler_of(SIGTERM) == SIG_DFL);
    belay_signals_end(&signals);
}

TEST(without_descriptors_signals_are_refused)
{
    int status = in_child(begin_without_descriptors, NULL);
    if (status == 77)
        skip();
    CHECK(status == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_was_installed_before_comes_back_with_the_last_of_several),
        cmocka_unit_test(each_of_several_counts_for_itself),
        cmocka_unit_test(a_signal_of_another_set_is_not_counted),
        cmocka_unit_test(an_interrupt_that_is_ignored_stays_ignored),
        cmocka_unit_test(
            any_other_signal_that_is_ignored_is_caught_and_ignored_again),
        cmocka_unit_test(a_handler_that_others_put_on_top_stays),
        cmocka_unit_test(a_signal_changes_no_errno_and_interrupts_no_call),
        cmocka_unit_test(a_signal_to_the_process_wakes_every_thread_that_waits),
        cmocka_unit_test(a_thread_is_canceled_within_none_of_these_functions),
        cmocka_unit_test(a_set_that_cannot_be_caught_is_refused_and_so_is_work),
        cmocka_unit_test(without_descriptors_signals_are_refused),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
