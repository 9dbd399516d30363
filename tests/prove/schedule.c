/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include "coroutine.h"

enum { LIMIT = 100000, DROPS = 4 };
enum doing { READY, ASLEEP, QUIET, OVER };

struct thread {
    struct coroutine coroutine;
    enum doing doing;
    bool spins; /* it found a lock taken, and nobody has gone on since */
    bool timed_out;
    unsigned priority;
    unsigned cpu;
    unsigned sleeps;
    const void *on; /* if ASLEEP */
    belay_time until;
    void (*run)(void *arg);
    void *arg;
};

void (*schedule_watcher)(void);

static struct thread threads[COROUTINES];
static struct coroutine host;

static struct {
    unsigned count;
    struct thread *current; /* NULL: none of them runs */
    struct random random;
    belay_time now;
    unsigned long steps;
    unsigned futile; /* tries for a lock in a row */
    bool let_time_pass;
    unsigned switching;         /* one in so many steps; 0: by priority, */
    unsigned long drops[DROPS]; /* which is lowered at these steps */
    unsigned lowest;
    unsigned time_passing; /* one in so many steps */
} s;

bool schedule_chance(unsigned one_in)
{
    return one_in != 0 && draw(&s.random, one_in) == 0;
}

/* --- Who goes on -------------------------------------------------------- */

/* NULL: nobody can. */
static struct thread *choose(void)
{
    struct thread *able[COROUTINES];
    unsigned count = 0;
    struct thread *spinner = NULL;
    struct thread *first = NULL;
    unsigned from = (unsigned)(s.current - threads);
    for (unsigned i = 1; i <= s.count; ++i) {
        struct thread *thread = &threads[(from + i) % s.count];
        if (thread->doing != READY)
            continue;
        if (thread->spins) {
            spinner = spinner == NULL ? thread : spinner;
            continue;
        }
        able[count++] = thread;
        if (first == NULL || thread->priority > first->priority)
            first = thread;
    }
    if (count == 0)
        return spinner; /* each in turn */
    if (s.switching == 0)
        return first;
    bool may_stay = s.current->doing == READY && !s.current->spins;
    if (may_stay && !schedule_chance(s.switching))
        return s.current;
    return able[draw(&s.random, count)];
}

static void set_ready(struct thread *thread, bool timed_out)
{
    thread->doing = READY;
    thread->timed_out = timed_out;
}

belay_time schedule_next(void)
{
    belay_time next = BELAY_FOREVER;
    for (unsigned i = 0; i < s.count; ++i)
        if (threads[i].doing == ASLEEP && threads[i].until < next)
            next = threads[i].until;
    return next;
}

/* Ends the sleep that ends first; false: none has an end. */
static bool let_time_pass(void)
{
    belay_time next = schedule_next();
    if (next == BELAY_FOREVER)
        return false;
    if (next > s.now)
        s.now = next;
    if (schedule_chance(2))
        s.now += (belay_time)draw(&s.random, 2 * BELAY_MICROSECOND);
    for (unsigned i = 0; i < s.count; ++i)
        if (threads[i].doing == ASLEEP && threads[i].until <= s.now)
            set_ready(&threads[i], true);
    return true;
}

/* Leaves the processor to whoever is next. */
static void go_on(void)
{
    struct thread *next;
    while ((next = choose()) == NULL) {
        bool is_awaited = threads[0].doing == QUIET;
        if ((!is_awaited || s.let_time_pass) && let_time_pass())
            continue;
        if (!is_awaited)
            fail("all are asleep, and nothing will wake them");
        threads[0].doing = READY;
    }
    struct thread *before = s.current;
    if (next == before)
        return;
    s.current = next;
    if (before->doing == OVER)
        coroutine_leave(&before->coroutine, &next->coroutine);
    coroutine_switch(&before->coroutine, &next->coroutine);
}

static void trace(const char *place, int number)
{
    trace_step(s.steps++, schedule_self(), place, number);
    if (s.steps > LIMIT)
        fail("it goes on and on");
}

void schedule_pass(const char *place, int number)
{
    if (s.current == NULL)
        return;
    trace(place, number);
    schedule_watcher();
    s.futile = 0;
    for (unsigned i = 0; i < s.count; ++i)
        threads[i].spins = false;
    for (unsigned i = 0; s.switching == 0 && i < DROPS; ++i)
        if (s.steps == s.drops[i])
            s.current->priority = s.lowest--;
    if (schedule_chance(s.time_passing))
        let_time_pass();
    go_on();
}

void schedule_spin(void)
{
    trace("taken", -1);
    if (++s.futile > 2 * COROUTINES)
        fail("a lock is taken for good");
    s.current->spins = true;
    go_on();
}

bool schedule_sleep(const void *on, belay_time until)
{
    struct thread *self = s.current;
    self->on = on;
    self->until = until;
    self->doing = ASLEEP;
    ++self->sleeps;
    trace("asleep", -1);
    go_on();
    return self->timed_out;
}

void schedule_wake(const void *on)
{
    for (unsigned i = 0; i < s.count; ++i)
        if (threads[i].doing == ASLEEP && threads[i].on == on)
            set_ready(&threads[i], false);
}

void schedule_join(int thread)
{
    while (threads[thread].doing != OVER)
        schedule_sleep(&threads[thread], BELAY_FOREVER);
}

void schedule_await_quiet(bool let_time_pass_first)
{
    s.let_time_pass = let_time_pass_first;
    s.current->doing = QUIET;
    go_on();
}

/* --- Threads ------------------------------------------------------------ */

static void live(void)
{
    coroutine_arrive();
    struct thread *self = s.current;
    self->run(self->arg);
    self->doing = OVER;
    if (self == threads) {
        s.current = NULL;
        coroutine_leave(&self->coroutine, &host);
    }
    schedule_wake(self);
    go_on();
}

int schedule_start(void (*run)(void *arg), void *arg)
{
    if (s.count == COROUTINES)
        return -1;
    struct thread *thread = &threads[s.count];
    thread->doing = READY;
    thread->spins = false;
    thread->priority = DROPS + 1 + (unsigned)draw(&s.random, 1000);
    thread->cpu = (unsigned)draw(&s.random, 4);
    thread->sleeps = 0;
    thread->run = run;
    thread->arg = arg;
    coroutine_init(&thread->coroutine, s.count, live);
    return (int)s.count++;
}

static void call(void *arg)
{
    (*(void (**)(void))arg)();
}

void schedule_run(uint64_t seed, void (*first)(void))
{
    static const unsigned switching[] = {0, 0, 0, 1, 2, 4, 8, 20};
    static const unsigned time_passing[] = {0, 0, 20, 100};
    s.random.state = seed;
    s.count = 0;
    s.now = BELAY_SECOND + (belay_time)draw(&s.random, BELAY_HOUR);
    s.steps = 0;
    s.futile = 0;
    s.switching = switching[draw(&s.random, 8)];
    unsigned drops = 1 + (unsigned)draw(&s.random, DROPS);
    unsigned long span = UINT64_C(50) << draw(&s.random, 5);
    for (unsigned i = 0; i < DROPS; ++i)
        s.drops[i] = i < drops ? 1 + (unsigned long)draw(&s.random, span) : 0;
    s.lowest = DROPS;
    s.time_passing = time_passing[draw(&s.random, 4)];
    schedule_start(call, &first);
    s.current = threads;
    coroutine_begin(&host, &threads->coroutine);
}

/* --- Questions ---------------------------------------------------------- */

int schedule_self(void)
{
    return s.current != NULL ? (int)(s.current - threads) : -1;
}

unsigned schedule_count(void)
{
    return s.count;
}

bool schedule_is_over(int thread)
{
    return threads[thread].doing == OVER;
}

bool schedule_is_asleep(int thread)
{
    return threads[thread].doing == ASLEEP;
}

unsigned schedule_sleeps(void)
{
    return s.current->sleeps;
}

unsigned schedule_cpu(void)
{
    if (schedule_chance(8))
        s.current->cpu = (unsigned)draw(&s.random, 4);
    return s.current->cpu;
}

belay_time schedule_now(void)
{
    if (s.current != NULL && schedule_chance(4))
        s.now += (belay_time)draw(&s.random, 3 * BELAY_MICROSECOND);
    return s.now;
}

unsigned long schedule_steps(void)
{
    return s.steps;
}
