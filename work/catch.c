/* SPDX-License-Identifier: MIT */

#include "catch.h"
#include "relay.h"

#include <errno.h>
#include <stdatomic.h>

static atomic_int inside; /* handlers that are running */

/* Under the lock, but for the atomic words. */
static struct caught {
    atomic_int arrived; /* and not yet taken */
    atomic_int holders; /* none: nobody takes it any more */
    atomic_bool may_be_late;
    bool is_installed;
    struct sigaction before;
} caught[NSIG];

/* In the child of a fork() there may be no thread. */
static void count(int number)
{
    atomic_fetch_add(&caught[number].arrived, 1);
    if (belay__relay_wake())
        return;
    signal(number, SIG_DFL);
    raise(number);
}

/*
 * Who gives back lets go first, and then waits for whoever is inside.  So one
 * that finds no holder had not got so far as to enter when that was over: its
 * signal is raised again, for what is there now.
 */
static void note(int number)
{
    int err = errno;
    atomic_fetch_add(&inside, 1);
    if (atomic_load(&caught[number].holders) > 0)
        count(number);
    else if (atomic_exchange(&caught[number].may_be_late, false))
        raise(number);
    atomic_fetch_sub(&inside, 1);
    errno = err;
}

static bool is(const struct sigaction *action, void (*handler)(int))
{
    return (action->sa_flags & SA_SIGINFO) == 0 &&
           action->sa_handler == handler;
}

/* With all signals blocked, so that no other handler can leave this one. */
static void install(int number)
{
    struct sigaction ours = {.sa_handler = note,
                             .sa_flags = SA_RESTART | SA_ONSTACK};
    sigfillset(&ours.sa_mask);
    sigaction(number, &ours, &caught[number].before);
    caught[number].is_installed = true;
}

/* A handler that others have put on top of ours stays. */
static void restore(int number)
{
    struct sigaction now;
    if (!caught[number].is_installed)
        return;
    caught[number].is_installed = false;
    sigaction(number, NULL, &now);
    if (!is(&now, note))
        return;
    sigaction(number, &caught[number].before, NULL);
    atomic_store(&caught[number].may_be_late, true);
}

void belay__catch(int number)
{
    atomic_fetch_add(&caught[number].holders, 1);
    if (!caught[number].is_installed)
        install(number);
}

void belay__let_go(int number)
{
    if (atomic_load(&caught[number].holders) == 1)
        restore(number);
    atomic_fetch_sub(&caught[number].holders, 1);
}

void belay__let_through(int number)
{
    restore(number);
    kill(getpid(), number);
}

int belay__take_arrived(int number)
{
    return atomic_load_explicit(&caught[number].arrived,
                                memory_order_relaxed) == 0
               ? 0
               : atomic_exchange(&caught[number].arrived, 0);
}

/* They block all signals, take no lock, and have a few steps to go. */
void belay__await_handlers(void)
{
    while (atomic_load(&inside) > 0)
        belay_sleep(NULL, 50 * BELAY_MICROSECOND);
}

void belay__forget_handlers(void)
{
    atomic_store(&inside, 0);
}

bool belay__stays_ignored(int number)
{
    struct sigaction now;
    if (number != SIGHUP && number != SIGINT && number != SIGQUIT)
        return false;
    sigaction(number, NULL, &now);
    return is(&now, SIG_IGN);
}

bool belay__is_catchable(int number)
{
    switch (number) {
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGKILL:
    case SIGSEGV:
    case SIGSTOP:
    case SIGSYS:
        return false;
    default:
        return true;
    }
}
