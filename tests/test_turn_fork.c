/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/select.h>

/* What a child finds of the locks and channels that others waited for. */

struct scene {
    struct belay_mutex mutex;
    struct belay_semaphore tokens;
    struct belay_wait_group group;
    struct belay_channel *channel;
    atomic_int stop;
};

static void *lock_it(void *arg)
{
    struct scene *scene = arg;
    if (belay_mutex_lock(NULL, &scene->mutex) != 0)
        abort();
    belay_mutex_unlock(&scene->mutex);
    return NULL;
}

static void *acquire(void *arg)
{
    struct scene *scene = arg;
    return (void *)(intptr_t)belay_semaphore_acquire(NULL, &scene->tokens, 2);
}

static void *receive(void *arg)
{
    struct scene *scene = arg;
    int element = 0;
    struct belay_case cases[] = {belay_case_recv(scene->channel, &element)};
    return (void *)(intptr_t)belay_select(NULL, cases, 1);
}

/* Waits until the thread is in the queue: then it counts as waiting. */
static void await_receiver(struct scene *scene)
{
    int element = 1;
    CHECK(belay_channel_send(NULL, scene->channel, &element) == 0);
}

static void use(void *arg)
{
    struct scene *scene = arg;
    int element = 3;
    EXPECT(belay_mutex_try_lock(&scene->mutex) == -EAGAIN);
    EXPECT(belay_mutex_unlock(&scene->mutex) == 0);
    EXPECT(belay_mutex_lock(NULL, &scene->mutex) == 0);
    EXPECT(belay_semaphore_try_acquire(&scene->tokens, 1) == 0);
    EXPECT(belay_semaphore_release(&scene->tokens, 2) == 0);
    EXPECT(belay_channel_try_send(scene->channel, &element) == -EAGAIN);
    EXPECT(belay_wait_group_done(&scene->group) == 0);
    EXPECT(belay_wait_group_wait(NULL, &scene->group) == 0);
}

TEST(in_the_child_nobody_waits_and_what_was_held_is_held)
{
    struct scene scene = {.mutex = BELAY_MUTEX_INIT,
                          .tokens = BELAY_SEMAPHORE_INIT(2),
                          .group = BELAY_WAIT_GROUP_INIT,
                          .channel = belay_channel_make(sizeof(int), 0)};
    void *(*const ways[])(void *) = {lock_it, acquire, receive};
    pthread_t threads[LENGTH(ways)];
    CHECK(belay_mutex_lock(NULL, &scene.mutex) == 0);
    CHECK(belay_semaphore_acquire(NULL, &scene.tokens, 1) == 0);
    CHECK(belay_wait_group_add(&scene.group, 1) == 0);
    for (size_t i = 0; i < LENGTH(ways); ++i)
        threads[i] = start(ways[i], &scene);

    for (int i = 0; i < 50; ++i)
        CHECK(in_child(use, &scene) == 0);

    await_receiver(&scene);
    CHECK(belay_mutex_unlock(&scene.mutex) == 0);
    CHECK(belay_semaphore_release(&scene.tokens, 1) == 0);
    for (size_t i = 0; i < LENGTH(ways); ++i)
        join(threads[i]);
    belay_channel_end(scene.channel);
}

static void *pass_elements(void *arg)
{
    struct scene *scene = arg;
    int element = 0;
    while (atomic_load(&scene->stop) == 0)
        if (belay_channel_try_send(scene->channel, &element) == 0)
            (void)!belay_channel_try_recv(scene->channel, &element);
    return NULL;
}

static void use_any(void *arg)
{
    (void)arg;
    for (int i = 0; i < 64; ++i) {
        struct belay_channel *channel = belay_channel_make(sizeof i, 1);
        EXPECT(belay_channel_send(NULL, channel, &i) == 0);
        EXPECT(belay_channel_recv(NULL, channel, &i) == 0);
        belay_channel_end(channel);
    }
}

TEST(a_fork_finds_no_thread_in_the_middle_of_anything)
{
    struct scene scene = {.channel = belay_channel_make(sizeof(int), 4)};
    pthread_t thread = start(pass_elements, &scene);

    for (int i = 0; i < 100; ++i)
        CHECK(in_child(use_any, NULL) == 0);

    atomic_store(&scene.stop, 1);
    join(thread);
    belay_channel_end(scene.channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_child_nobody_waits_and_what_was_held_is_held),
        cmocka_unit_test(a_fork_finds_no_thread_in_the_middle_of_anything),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
