/* SPDX-License-Identifier: MIT */
#include "child.h"

#include "internal.h"

/* The clock's thread leaves, because the program takes over, before whoever
   started it has come back from doing so. */

static struct belay__seams real;

static struct {
    sem_t timer_asked, drive; /* the taker is held in between, ... */
    sem_t started, go_back;   /* ... and the starter here */
    atomic_int joins;
} late;

static int late_timer(void)
{
    sem_post(&late.timer_asked);
    await(&late.drive);
    return real.timer();
}

static int late_thread(pthread_t *ret_thread, const struct os_role *role)
{
    int err = real.thread(ret_thread, role);
    sem_post(&late.started);
    await(&late.go_back);
    return err;
}

static void count_join(pthread_t thread)
{
    ++late.joins;
    real.join(thread);
}

static void install(void)
{
    real = belay__seams;
    sem_init(&late.timer_asked, 0, 0);
    sem_init(&late.drive, 0, 0);
    sem_init(&late.started, 0, 0);
    sem_init(&late.go_back, 0, 0);
    belay__seams.timer = late_timer;
    belay__seams.thread = late_thread;
    belay__seams.join = count_join;
}

static void *derive(void *arg)
{
    (void)arg;
    return belay_with_timeout(NULL, BELAY_HOUR);
}

static void *take_over(void *arg)
{
    belay_clock_fd();
    return arg;
}

static pthread_t run(void *(*what)(void *))
{
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, what, NULL) == 0);
    return thread;
}

static void leave_before_the_starter_is_back(void *arg)
{
    (void)arg;
    void *ctx;
    install();
    pthread_t taker = run(take_over);
    await(&late.timer_asked);
    pthread_t starter = run(derive);
    await(&late.started);
    sem_post(&late.drive);
    pthread_join(taker, NULL);
    /* The thread leaves in its own time: whoever would join it now, may. */
    for (int i = 0; i < 1000 && late.joins == 0; ++i, sched_yield())
        belay_clock_run();

    sem_post(&late.go_back);
    pthread_join(starter, &ctx);
    belay_end(ctx);
    belay__clock_close();

    EXPECT(late.joins == 1);
}

TEST(a_clock_that_leaves_before_its_starter_is_back_is_joined_once)
{
    CHECK(in_child(leave_before_the_starter_is_back, NULL) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_clock_that_leaves_before_its_starter_is_back_is_joined_once),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
