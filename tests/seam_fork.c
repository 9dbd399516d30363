/* SPDX-License-Identifier: MIT */
#include "child.h"

#include "fakes/delay.h"

/* Forks while another thread is held at a point within the library.  In the
   child that thread is not there any more, and never goes on; whatever it was
   about to do, the contexts can be asked, ended and given back. */

struct scene {
    belay_ctx *parent;
    belay_ctx *child;
    struct belay_watch watch;
    int calls;
    void (*act)(struct scene *scene);
};

static void cancel(struct scene *scene)
{
    belay_cancel_cause(scene->parent, -EPIPE, "left");
}

static void derive(struct scene *scene)
{
    belay_end(belay_with_timeout(scene->child, BELAY_HOUR));
}

static void let_go(struct scene *scene)
{
    belay_unref(belay_ref(scene->child));
}

static void make_fd(struct scene *scene)
{
    belay_fd(scene->child);
}

static void take_back(struct scene *scene)
{
    belay_unwatch(&scene->watch);
}

static void register_one(struct scene *scene)
{
    struct belay_watch watch;
    int calls = 0;
    belay_watch(scene->child, &watch, count_call, &calls);
    belay_unwatch(&watch);
}

static void wait_for_end(struct scene *scene)
{
    belay_wait(scene->child);
}

static void sleep_an_hour(struct scene *scene)
{
    belay_sleep(scene->child, BELAY_HOUR);
}

static void *act(void *arg)
{
    struct scene *scene = arg;
    scene->act(scene);
    return NULL;
}

/* Threads of the child get the memory that was the stack of those of its
   parent: whatever was left there is gone. */
static void *overwrite_stack(void *barrier)
{
    volatile char stack[64 * 1024];
    for (size_t i = 0; i < sizeof stack; ++i)
        stack[i] = (char)0xff;
    pthread_barrier_wait(barrier);
    return NULL;
}

static void overwrite_stacks(void)
{
    pthread_t threads[4];
    pthread_barrier_t barrier; /* all at once, so that none has another's */
    pthread_barrier_init(&barrier, NULL, LENGTH(threads));
    for (size_t i = 0; i < LENGTH(threads); ++i)
        EXPECT(pthread_create(&threads[i], NULL, overwrite_stack, &barrier) ==
               0);
    for (size_t i = 0; i < LENGTH(threads); ++i)
        pthread_join(threads[i], NULL);
}

static void use(void *arg)
{
    struct scene *scene = arg;
    overwrite_stacks();
    int err = belay_err(scene->child);
    EXPECT(err == belay_err(scene->parent));
    belay_ctx *derived = belay_with_timeout(scene->child, BELAY_HOUR);
    EXPECT(belay_err(derived) == err);
    int fd = belay_fd(scene->child);
    EXPECT(fd >= 0 && is_readable(fd) == (err != 0));
    EXPECT(belay_cancel(scene->parent) == (err == 0));
    EXPECT(belay_wait(derived) == BELAY_CANCELED);
    EXPECT(is_readable(belay_fd(scene->child)));
    belay_unwatch(&scene->watch);
    EXPECT(scene->calls <= 1);
    belay_end(derived);
    belay_end(scene->child);
    belay_end(scene->parent);
}

static void check_fork_at(const char *place, void (*what)(struct scene *))
{
    struct scene scene = {.parent = belay_with_cancel(NULL), .act = what};
    scene.child = belay_with_cancel(scene.parent);
    CHECK(belay_watch(scene.child, &scene.watch, count_call, &scene.calls));
    delay_hold(place);
    pthread_t thread = start(act, &scene);
    delay_await(place);

    int status = in_child(use, &scene);

    belay_cancel(scene.parent);
    delay_release(place);
    join(thread);
    CHECK(status == 0);
    belay_unwatch(&scene.watch);
    CHECK(what == take_back || scene.calls == 1);
    belay_end(scene.child);
    belay_end(scene.parent);
}

/* Reliability row 23 */
TEST(a_process_may_fork_while_a_thread_is_about_to_derive)
{
    check_fork_at("derive", derive);
}

TEST(a_process_may_fork_while_a_thread_is_about_to_let_go)
{
    check_fork_at("drop", let_go);
}

TEST(a_process_may_fork_while_a_thread_makes_a_descriptor)
{
    check_fork_at("fd", make_fd);
}

TEST(a_process_may_fork_while_a_thread_is_about_to_take_a_watch_back)
{
    check_fork_at("unwatch", take_back);
}

TEST(a_process_may_fork_while_a_thread_is_about_to_watch)
{
    check_fork_at("again", register_one);
}

TEST(a_process_may_fork_while_a_thread_has_marked_and_not_told)
{
    check_fork_at("marked", cancel);
}

TEST(a_process_may_fork_while_a_thread_has_told_a_watch)
{
    check_fork_at("told", cancel);
}

TEST(a_process_may_fork_while_a_thread_is_about_to_wait)
{
    check_fork_at("wait", wait_for_end);
}

TEST(a_process_may_fork_while_a_thread_waits)
{
    check_fork_at("sleep", wait_for_end);
    check_fork_at("sleep", sleep_an_hour);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_may_fork_while_a_thread_is_about_to_derive),
        cmocka_unit_test(a_process_may_fork_while_a_thread_is_about_to_let_go),
        cmocka_unit_test(a_process_may_fork_while_a_thread_makes_a_descriptor),
        cmocka_unit_test(
            a_process_may_fork_while_a_thread_is_about_to_take_a_watch_back),
        cmocka_unit_test(a_process_may_fork_while_a_thread_is_about_to_watch),
        cmocka_unit_test(
            a_process_may_fork_while_a_thread_has_marked_and_not_told),
        cmocka_unit_test(a_process_may_fork_while_a_thread_has_told_a_watch),
        cmocka_unit_test(a_process_may_fork_while_a_thread_is_about_to_wait),
        cmocka_unit_test(a_process_may_fork_while_a_thread_waits),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
