/* SPDX-License-Identifier: MIT */
#include "child.h"

#include "os/os.h"

/* How the clock starts, when several threads want it at once.  It starts once
   in a process, so that each test is a process of its own. */

static struct belay__seams real;

static struct {
    sem_t entered; /* a thread is being started, and is held ... */
    sem_t go;      /* ... until here */
    sem_t asleep;  /* another thread is about to sleep */
    atomic_int starts;
    int err; /* with which the first start fails */
} start_of_clock;

static int held_thread(pthread_t *ret_thread, const struct os_role *role)
{
    if (atomic_fetch_add(&start_of_clock.starts, 1) > 0)
        return real.thread(ret_thread, role);
    sem_post(&start_of_clock.entered);
    await(&start_of_clock.go);
    return start_of_clock.err != 0 ? start_of_clock.err
                                   : real.thread(ret_thread, role);
}

static int noted_wait(atomic_int *word, int expected, belay_time until)
{
    sem_post(&start_of_clock.asleep);
    return real.wait(word, expected, until);
}

static void hold_the_start(int err)
{
    real = belay__seams;
    start_of_clock.err = err;
    sem_init(&start_of_clock.entered, 0, 0);
    sem_init(&start_of_clock.go, 0, 0);
    sem_init(&start_of_clock.asleep, 0, 0);
    belay__seams.thread = held_thread;
    belay__seams.wait = noted_wait;
}

static void *derive(void *arg)
{
    (void)arg;
    return belay_with_timeout(NULL, BELAY_HOUR);
}

static void *ask_for_fd(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)belay_clock_fd();
}

static pthread_t run(void *(*what)(void *))
{
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, what, NULL) == 0);
    return thread;
}

static void *result_of(pthread_t thread)
{
    void *result;
    pthread_join(thread, &result);
    return result;
}

/* --- Two deadlines at once ---------------------------------------------- */

static void derive_twice(void *arg)
{
    (void)arg;
    hold_the_start(0);
    pthread_t first = run(derive);
    await(&start_of_clock.entered);
    pthread_t second = run(derive);
    await(&start_of_clock.asleep);
    sem_post(&start_of_clock.go);
    belay_ctx *one = result_of(first);
    belay_ctx *two = result_of(second);
    EXPECT(belay_err(one) == 0 && belay_err(two) == 0);
    EXPECT(start_of_clock.starts == 1);
    belay_end(one);
    belay_end(two);
}

TEST(two_threads_that_set_the_first_deadline_share_its_clock)
{
    CHECK(in_child(derive_twice, NULL) == 0);
}

static void derive_twice_in_vain(void *arg)
{
    (void)arg;
    hold_the_start(-EAGAIN);
    pthread_t first = run(derive);
    await(&start_of_clock.entered);
    pthread_t second = run(derive);
    await(&start_of_clock.asleep);
    sem_post(&start_of_clock.go);
    belay_ctx *refused = result_of(first);
    belay_ctx *live = result_of(second);
    EXPECT(belay_err(refused) == -ENOMEM);
    EXPECT(belay_err(live) == 0);
    EXPECT(start_of_clock.starts == 2);
    belay_end(refused);
    belay_end(live);
}

TEST(whoever_waits_for_a_clock_that_does_not_start_tries_it_again)
{
    CHECK(in_child(derive_twice_in_vain, NULL) == 0);
}

/* --- A deadline and belay_clock_fd() at once ---------------------------- */

static void take_over_during_start(void *arg)
{
    (void)arg;
    hold_the_start(0);
    pthread_t deriver = run(derive);
    await(&start_of_clock.entered);
    pthread_t driver = run(ask_for_fd);
    await(&start_of_clock.asleep);
    sem_post(&start_of_clock.go);
    belay_ctx *ctx = result_of(deriver);
    EXPECT((intptr_t)result_of(driver) >= 0);
    EXPECT(belay_err(ctx) == 0);
    belay_ctx *soon = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct pollfd asked = {belay_clock_fd(), POLLIN, 0};
    EXPECT(poll(&asked, 1, -1) == 1);
    EXPECT(belay_err(soon) == 0);
    EXPECT(belay_clock_run() == 1);
    EXPECT(belay_err(soon) == BELAY_DEADLINE_EXCEEDED);
    belay_end(soon);
    belay_end(ctx);
}

TEST(the_program_may_take_the_clock_over_while_it_starts)
{
    CHECK(in_child(take_over_during_start, NULL) == 0);
}

/* --- Two belay_clock_fd() at once --------------------------------------- */

static int other_fd;

/* Another thread is faster: it comes in between. */
static int late_timer(void)
{
    belay__seams.timer = real.timer;
    other_fd = belay_clock_fd();
    return real.timer();
}

static void ask_twice_at_once(void *arg)
{
    (void)arg;
    real = belay__seams;
    belay__seams.timer = late_timer;
    int before = dup(0);
    close(before);
    int ours = belay_clock_fd();
    EXPECT(ours >= 0 && ours == other_fd);
    int after = dup(0);
    EXPECT(after == before + 1); /* one descriptor more, and not two */
}

TEST(of_two_clock_descriptors_made_at_once_one_is_kept)
{
    CHECK(in_child(ask_twice_at_once, NULL) == 0);
}

/* --- Failing ------------------------------------------------------------ */

static int no_timer(void)
{
    return -EMFILE;
}

static void fail_to_take_over(void *arg)
{
    (void)arg;
    belay_ctx *far = belay_with_timeout(NULL, BELAY_HOUR);
    belay__seams.timer = no_timer;
    EXPECT(belay_clock_fd() == -EMFILE);
    belay_ctx *soon = belay_with_timeout(NULL, BELAY_MILLISECOND);
    EXPECT(belay_wait(soon) == BELAY_DEADLINE_EXCEEDED);
    EXPECT(belay_err(far) == 0);
    belay_end(soon);
    belay_end(far);
}

/* "Negative errno: nothing has changed." */
TEST(a_program_that_fails_to_take_the_clock_over_keeps_its_thread)
{
    CHECK(in_child(fail_to_take_over, NULL) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            two_threads_that_set_the_first_deadline_share_its_clock),
        cmocka_unit_test(
            whoever_waits_for_a_clock_that_does_not_start_tries_it_again),
        cmocka_unit_test(the_program_may_take_the_clock_over_while_it_starts),
        cmocka_unit_test(of_two_clock_descriptors_made_at_once_one_is_kept),
        cmocka_unit_test(
            a_program_that_fails_to_take_the_clock_over_keeps_its_thread),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
