/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include "fakes/failing.h"

#include <belay/select.h>

#include <limits.h>

/* Waits for which there is no memory.  Each of these would wait for ever. */

static void without_memory(void)
{
    failing_between(ALLOCATE, 0, INT_MAX, -ENOMEM);
}

TEST(a_wait_without_memory_is_refused)
{
    struct belay_mutex mutex = BELAY_MUTEX_INIT;
    struct belay_semaphore tokens = BELAY_SEMAPHORE_INIT(1);
    struct belay_wait_group group = BELAY_WAIT_GROUP_INIT;
    CHECK(belay_wait_group_add(&group, 1) == 0);
    without_memory();

    CHECK(belay_mutex_lock(NULL, &mutex) == 0);
    CHECK(belay_mutex_lock(NULL, &mutex) == -ENOMEM);
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == 0);
    CHECK(belay_semaphore_acquire(NULL, &tokens, 1) == -ENOMEM);
    CHECK(belay_wait_group_wait(NULL, &group) == -ENOMEM);

    CHECK(belay_mutex_unlock(&mutex) == 0);
    CHECK(belay_mutex_try_lock(&mutex) == 0);
    CHECK(belay_semaphore_release(&tokens, 1) == 0);
    CHECK(belay_semaphore_try_acquire(&tokens, 1) == 0);
    CHECK(belay_wait_group_done(&group) == 0);
    failing_never();
}

TEST(a_wait_for_a_condition_that_is_refused_leaves_the_mutex_locked)
{
    struct belay_mutex mutex = BELAY_MUTEX_INIT;
    struct belay_cond cond = BELAY_COND_INIT;
    without_memory();
    CHECK(belay_mutex_lock(NULL, &mutex) == 0);

    CHECK(belay_cond_wait(NULL, &cond, &mutex) == -ENOMEM);

    CHECK(belay_mutex_try_lock(&mutex) == -EAGAIN);
    failing_never();
}

TEST(what_passes_at_once_needs_no_memory)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 1);
    int in = 4, out = 0;
    struct belay_case cases[] = {belay_case_recv(channel, &out),
                                 belay_case_after(BELAY_HOUR)};
    without_memory();

    CHECK(belay_channel_recv(NULL, channel, &out) == -ENOMEM);
    CHECK(belay_select(NULL, cases, 2) == -ENOMEM);
    CHECK(belay_channel_send(NULL, channel, &in) == 0);
    CHECK(belay_channel_send(NULL, channel, &in) == -ENOMEM);
    CHECK(belay_select(NULL, cases, 2) == 0 && out == in);
    CHECK(belay_channel_try_recv(channel, &out) == -EAGAIN);

    failing_never();
    belay_channel_end(channel);
}

/* A select with descriptors needs one of its own. */
TEST(a_select_without_a_descriptor_is_refused_and_has_left_the_queues)
{
    struct belay_channel *channel = belay_channel_make(sizeof(int), 0);
    int ends[2], out = 0;
    CHECK(pipe(ends) == 0);
    struct belay_case cases[] = {belay_case_recv(channel, &out),
                                 belay_case_fd(ends[0], POLLIN)};
    failing_between(EVENT, 0, INT_MAX, -EMFILE);

    CHECK(belay_select(NULL, cases, 2) == -EMFILE);

    failing_never();
    CHECK(belay_channel_try_send(channel, &out) == -EAGAIN);
    belay_channel_end(channel);
    close(ends[0]);
    close(ends[1]);
}

struct shelf {
    struct belay_mutex mutex;
    struct belay_cond cond;
};

static void *wait_for_signal(void *arg)
{
    struct shelf *shelf = arg;
    if (belay_mutex_lock(NULL, &shelf->mutex) != 0)
        abort();
    int err = belay_cond_wait(NULL, &shelf->cond, &shelf->mutex);
    if (err == 0)
        err = belay_mutex_unlock(&shelf->mutex);
    return (void *)(intptr_t)err;
}

/* When it is signaled there is no memory to wait for the mutex with. */
TEST(a_wait_for_a_condition_returns_with_the_mutex_though_memory_is_out)
{
    struct shelf shelf = {BELAY_MUTEX_INIT, BELAY_COND_INIT};
    pthread_t thread = start_waiting(wait_for_signal, &shelf);
    CHECK(belay_mutex_lock(NULL, &shelf.mutex) == 0);
    without_memory();
    delay_hold("sleep");

    belay_cond_signal(&shelf.cond);
    delay_await("sleep");
    CHECK(belay_mutex_unlock(&shelf.mutex) == 0);
    delay_release("sleep");

    CHECK(join(thread) == NULL);
    failing_never();
}

TEST(nothing_is_left_behind)
{
    CHECK(failing_live() == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_without_memory_is_refused),
        cmocka_unit_test(
            a_wait_for_a_condition_that_is_refused_leaves_the_mutex_locked),
        cmocka_unit_test(what_passes_at_once_needs_no_memory),
        cmocka_unit_test(
            a_select_without_a_descriptor_is_refused_and_has_left_the_queues),
        cmocka_unit_test(
            a_wait_for_a_condition_returns_with_the_mutex_though_memory_is_out),
        cmocka_unit_test(nothing_is_left_behind),
    };
    watchdog();
    delay_install();
    failing_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
