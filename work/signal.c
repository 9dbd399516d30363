/* SPDX-License-Identifier: MIT */

/*
 * Who counts what: the handler counts the arrivals of each signal; the relay
 * takes them, under the lock, and counts for everybody who waits for it.
 */

#include "catch.h"
#include "quiet.h"
#include "relay.h"

#include <sys/signalfd.h>
#include <unistd.h>

static struct belay_signals *all; /* those with a handler; under the lock */

/* Where signals are blocked and read, none has a handler of ours. */
static void let_through_here(int number)
{
    sigset_t one;
    sigset_t old;
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &one, &old);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- Counting ------------------------------------------------------------ */

static const char *words_of(int number)
{
    switch (number) {
    case SIGHUP:
        return "hangup signal received";
    case SIGINT:
        return "interrupt signal received";
    case SIGQUIT:
        return "quit signal received";
    case SIGUSR1:
        return "user defined signal 1 received";
    case SIGUSR2:
        return "user defined signal 2 received";
    case SIGALRM:
        return "alarm clock signal received";
    case SIGTERM:
        return "terminated signal received";
    default:
        return "signal received";
    }
}

static void end_stage(struct belay_signals *signals, int number)
{
    bool is_first = signals->count == 1;
    struct belay_trigger *trigger =
        is_first ? &signals->first : &signals->second;
    const char *text = words_of(number);
    if (signals->fd >= 0) {
        belay_cancel_cause_at(is_first ? signals->soft : signals->hard,
                              signals->where, 0, "%s", text);
        return;
    }
    trigger->text = text;
    belay__trigger_fire(trigger);
}

static void count(struct belay_signals *signals, int number)
{
    if (signals->count++ == 0)
        __atomic_store_n(&signals->received, number, __ATOMIC_RELEASE);
    if (signals->count <= 2)
        end_stage(signals, number);
    else if (signals->fd >= 0)
        let_through_here(number);
    else
        belay__let_through(number);
}

void belay__signals_look(void)
{
    for (int number = 1; number < NSIG; ++number)
        for (int left = belay__take_arrived(number); left > 0; --left)
            for (struct belay_signals *each = all; each; each = each->next)
                if (sigismember(&each->set, number) == 1)
                    count(each, number);
}

/* --- Beginning ----------------------------------------------------------- */

static int choose(const sigset_t *set, sigset_t *ret_set)
{
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    if (set == NULL)
        set = &usual;

    bool is_empty = true;
    sigemptyset(ret_set);
    for (int number = 1; number < NSIG; ++number) {
        if (sigismember(set, number) != 1)
            continue;
        if (!belay__is_catchable(number))
            return -EINVAL;
        is_empty = false;
        if (!belay__stays_ignored(number))
            sigaddset(ret_set, number);
    }
    return is_empty ? -EINVAL : 0;
}

static int make(struct belay_signals *signals, const belay_ctx *parent,
                const sigset_t *set, const char *where)
{
    *signals = (struct belay_signals){.where = where, .fd = -1};
    signals->hard = belay_with_cancel_at(parent, where);
    signals->soft = belay_with_cancel_at(signals->hard, where);
    int err = belay_err(signals->soft);
    return err == -ENOMEM ? err : choose(set, &signals->set);
}

/* Closed: nobody is told to go on where nobody could tell them to stop. */
static int refuse(struct belay_signals *signals, int err)
{
    if (err < 0)
        belay_cancel_cause_at(signals->hard, signals->where, err, NULL);
    return err;
}

/* Under the lock. */
static void link_signals(struct belay_signals *signals)
{
    signals->next = all;
    signals->link = &all;
    if (all != NULL)
        all->link = &signals->next;
    all = signals;
}

static void hold_all(struct belay_signals *signals)
{
    pthread_mutex_lock(&belay__relay_lock);
    belay__signals_look(); /* what came before does not count here */
    link_signals(signals);
    for (int number = 1; number < NSIG; ++number)
        if (sigismember(&signals->set, number) == 1)
            belay__catch(number);
    pthread_mutex_unlock(&belay__relay_lock);
}

static int arm(struct belay_signals *signals)
{
    int err = belay_trigger_begin_at(&signals->first, signals->soft, 0, NULL,
                                     signals->where);
    if (err != 0)
        return err;
    err = belay_trigger_begin_at(&signals->second, signals->hard, 0, NULL,
                                 signals->where);
    if (err != 0)
        belay_trigger_end(&signals->first);
    return err;
}

int belay_signals_begin_at(struct belay_signals *signals,
                           const belay_ctx *parent, const sigset_t *set,
                           const char *where)
{
    struct quiet quiet = be_quiet();
    int err = make(signals, parent, set, where);
    if (err == 0)
        err = arm(signals);
    if (err == 0)
        hold_all(signals);
    be_loud(quiet);
    return refuse(signals, err);
}

/* --- Reading instead of catching ----------------------------------------- */

static bool are_blocked(const sigset_t *set)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < NSIG; ++number)
        if (sigismember(set, number) == 1 && sigismember(&blocked, number) != 1)
            return false;
    return true;
}

int belay_signals_begin_fd_at(struct belay_signals *signals,
                              const belay_ctx *parent, const sigset_t *set,
                              const char *where)
{
    struct quiet quiet = be_quiet();
    int err = make(signals, parent, set, where);
    if (err == 0 && !are_blocked(&signals->set))
        err = -EINVAL;
    if (err == 0) {
        int fd = signalfd(-1, &signals->set, SFD_CLOEXEC | SFD_NONBLOCK);
        err = fd < 0 ? -errno : fd;
        signals->fd = fd;
    }
    be_loud(quiet);
    return refuse(signals, err);
}

/* False: there is none just now. */
static bool take_one(int fd, int *ret_number)
{
    struct signalfd_siginfo info;
    struct quiet quiet = be_quiet();
    bool is_there = read(fd, &info, sizeof info) == sizeof info;
    be_loud(quiet);
    if (is_there)
        *ret_number = (int)info.ssi_signo;
    return is_there;
}

int belay_signals_run(struct belay_signals *signals)
{
    int number;
    int taken = 0;
    if (signals->fd < 0)
        return -EINVAL;
    for (; take_one(signals->fd, &number); ++taken)
        count(signals, number);
    return taken;
}

int belay_signals_received(const struct belay_signals *signals)
{
    return __atomic_load_n(&signals->received, __ATOMIC_ACQUIRE);
}

/* --- Giving back --------------------------------------------------------- */

static void let_go_all(struct belay_signals *signals)
{
    pthread_mutex_lock(&belay__relay_lock);
    for (int number = 1; number < NSIG; ++number)
        if (sigismember(&signals->set, number) == 1)
            belay__let_go(number);
    belay__await_handlers();
    belay__signals_look(); /* the last that came */
    *signals->link = signals->next;
    if (signals->next != NULL)
        signals->next->link = signals->link;
    pthread_mutex_unlock(&belay__relay_lock);
}

void belay_signals_end(struct belay_signals *signals)
{
    if (signals->link != NULL) {
        let_go_all(signals);
        belay_trigger_end(&signals->first);
        belay_trigger_end(&signals->second);
    }
    if (signals->fd >= 0) {
        belay_signals_run(signals);
        struct quiet quiet = be_quiet();
        close(signals->fd);
        be_loud(quiet);
    }
    belay_end_at(signals->soft, signals->where);
    belay_end_at(signals->hard, signals->where);
}

#undef belay_signals_begin
int belay_signals_begin(struct belay_signals *signals, const belay_ctx *parent,
                        const sigset_t *set)
{
    return belay_signals_begin_at(signals, parent, set, "?");
}

#undef belay_signals_begin_fd
int belay_signals_begin_fd(struct belay_signals *signals,
                           const belay_ctx *parent, const sigset_t *set)
{
    return belay_signals_begin_fd_at(signals, parent, set, "?");
}
