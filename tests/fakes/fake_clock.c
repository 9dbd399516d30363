/* SPDX-License-Identifier: MIT */
#include "../check.h"

#include "fake_clock.h"

#include <string.h>
#include <sys/eventfd.h>

/* A thread that sleeps until an instant: on a word, or in poll(). */
struct sleeper {
    struct sleeper *next, **link;
    belay_time until;
    atomic_int *word; /* NULL: it polls, also for `bell` */
    int bell;
};

static struct {
    struct belay__seams real;
    atomic_llong now;
    atomic_llong alarm;
    pthread_mutex_t mutex; /* guards sleepers */
    struct sleeper *sleepers;
} fake = {.now = 1000000 * BELAY_SECOND,
          .alarm = BELAY_FOREVER,
          .mutex = PTHREAD_MUTEX_INITIALIZER};

static belay_time now(void)
{
    return atomic_load(&fake.now);
}

static void set_timer(int timer, belay_time when)
{
    (void)timer;
    atomic_store(&fake.alarm, when);
}

/* --- Sleeping ----------------------------------------------------------- */

static void lie_down(struct sleeper *sleeper)
{
    pthread_mutex_lock(&fake.mutex);
    sleeper->next = fake.sleepers;
    sleeper->link = &fake.sleepers;
    if (sleeper->next != NULL)
        sleeper->next->link = &sleeper->next;
    fake.sleepers = sleeper;
    pthread_mutex_unlock(&fake.mutex);
}

static void get_up(struct sleeper *sleeper)
{
    pthread_mutex_lock(&fake.mutex);
    *sleeper->link = sleeper->next;
    if (sleeper->next != NULL)
        sleeper->next->link = sleeper->link;
    pthread_mutex_unlock(&fake.mutex);
}

static int wait(atomic_int *word, int expected, belay_time until)
{
    if (until == BELAY_FOREVER)
        return fake.real.wait(word, expected, until);
    struct sleeper sleeper = {.until = until, .word = word};
    int result = 0;
    lie_down(&sleeper);
    while (atomic_load(word) == expected && result == 0) {
        if (now() >= until)
            result = -ETIMEDOUT;
        else
            fake.real.wait(word, expected, BELAY_FOREVER);
    }
    get_up(&sleeper);
    return result;
}

static int poll_with_bell(struct pollfd *fds, nfds_t count,
                          struct sleeper *sleeper)
{
    struct pollfd both[32];
    if (count >= LENGTH(both))
        abort();
    if (count > 0)
        memcpy(both, fds, count * sizeof *fds);
    both[count] = (struct pollfd){sleeper->bell, POLLIN, 0};
    int ready = fake.real.poll(both, count + 1, BELAY_FOREVER);
    if (count > 0)
        memcpy(fds, both, count * sizeof *fds);
    return ready > 0 && both[count].revents != 0 ? ready - 1 : ready;
}

static int poll_fds(struct pollfd *fds, nfds_t count, belay_time until)
{
    if (until == BELAY_FOREVER || until <= now())
        return fake.real.poll(fds, count, until <= now() ? 0 : until);
    struct sleeper sleeper = {.until = until, .bell = eventfd(0, EFD_CLOEXEC)};
    int ready;
    lie_down(&sleeper);
    do
        ready = poll_with_bell(fds, count, &sleeper);
    while (ready == 0 && now() < until);
    get_up(&sleeper);
    close(sleeper.bell);
    return ready;
}

/* --- Waking ------------------------------------------------------------- */

/* Wakes those who are due: false when there is none left. */
static bool wake_due(void)
{
    bool any = false;
    uint64_t ring = 1;
    pthread_mutex_lock(&fake.mutex);
    for (struct sleeper *s = fake.sleepers; s != NULL; s = s->next) {
        if (s->until > now())
            continue;
        any = true;
        if (s->word != NULL)
            fake.real.wake(s->word);
        else if (write(s->bell, &ring, sizeof ring) < 0)
            abort();
    }
    pthread_mutex_unlock(&fake.mutex);
    return any;
}

void fake_clock_move(belay_duration by)
{
    atomic_fetch_add(&fake.now, by);
}

/* Again and again: one may have looked at the time, and not yet slept. */
void fake_clock_wake(void)
{
    while (wake_due())
        sched_yield();
}

int fake_clock_advance(belay_duration by)
{
    fake_clock_move(by);
    int fired = belay_clock_run();
    fake_clock_wake();
    return fired;
}

void fake_clock_await_sleepers(int count)
{
    int found;
    do {
        sched_yield();
        found = 0;
        pthread_mutex_lock(&fake.mutex);
        for (struct sleeper *s = fake.sleepers; s != NULL; s = s->next)
            ++found;
        pthread_mutex_unlock(&fake.mutex);
    } while (found != count);
}

belay_time fake_clock_alarm(void)
{
    return atomic_load(&fake.alarm);
}

/* --- Starting and stopping ---------------------------------------------- */

void fake_clock_start(void)
{
    fake.real = belay__seams;
    belay__seams.now = now;
    belay__seams.wait = wait;
    belay__seams.poll = poll_fds;
    belay__seams.set_timer = set_timer;
    if (belay_clock_fd() < 0)
        abort();
}

void fake_clock_stop(void)
{
    belay__seams.now = fake.real.now;
    belay__seams.wait = fake.real.wait;
    belay__seams.poll = fake.real.poll;
    belay__seams.set_timer = fake.real.set_timer;
}
