/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fakes/delay.h"

#include <dirent.h>

/* A cancel while another thread makes a descriptor, or is about to sleep. */

/* --- "fd" --------------------------------------------------------------- */

static int count_descriptors(void)
{
    DIR *open = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(open) != NULL)
        ++count;
    closedir(open);
    return count;
}

static void *make_fd(void *ctx)
{
    return (void *)(intptr_t)belay_fd(ctx);
}

static pthread_t hold_at_fd(belay_ctx *ctx)
{
    delay_hold("fd");
    pthread_t thread = start(make_fd, ctx);
    delay_await("fd");
    return thread;
}

static int let_fd_go_on(pthread_t thread)
{
    delay_release("fd");
    int fd = (int)(intptr_t)join(thread);
    return fd;
}

/* Class F, reliability row 50 */
TEST(a_descriptor_made_while_its_context_ends_is_readable)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t thread = hold_at_fd(ctx);

    CHECK(belay_cancel(ctx));
    int fd = let_fd_go_on(thread);

    CHECK(fd >= 0 && is_readable(fd));
    CHECK(belay_fd(ctx) == fd);
    belay_end(ctx);
}

/* Class N */
TEST(two_threads_that_make_a_descriptor_at_once_get_the_same)
{
    int before = count_descriptors();
    belay_ctx *ctx = belay_with_cancel(NULL);
    pthread_t thread = hold_at_fd(ctx);

    int ours = belay_fd(ctx);
    int theirs = let_fd_go_on(thread);

    CHECK(ours >= 0 && ours == theirs);
    CHECK(count_descriptors() == before + 1);
    belay_end(ctx);
    CHECK(count_descriptors() == before);
}

/* --- "wait": class F, reliability row 45 -------------------------------- */

struct waiter {
    const belay_ctx *ctx;
    int (*wait)(const belay_ctx *ctx);
};

static void *wait_on(void *arg)
{
    struct waiter *waiter = arg;
    return (void *)(intptr_t)waiter->wait(waiter->ctx);
}

static int sleep_an_hour(const belay_ctx *ctx)
{
    return belay_sleep(ctx, BELAY_HOUR);
}

TEST(a_cancel_between_the_look_and_the_sleep_is_not_missed)
{
    int (*ways[])(const belay_ctx *) = {belay_wait, sleep_an_hour};
    for (size_t i = 0; i < LENGTH(ways); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct waiter waiter = {ctx, ways[i]};
        delay_hold("wait");
        pthread_t thread = start(wait_on, &waiter);
        delay_await("wait");

        CHECK(belay_cancel(ctx));
        delay_release("wait");

        CHECK((intptr_t)join(thread) == BELAY_CANCELED);
        belay_end(ctx);
    }
}

/* --- "poll" ------------------------------------------------------------- */

static int poll_for_ever(const belay_ctx *ctx)
{
    struct pollfd none = {-1, POLLIN, 0};
    return belay_poll(ctx, &none, 1, -1);
}

TEST(a_cancel_between_the_look_and_the_poll_is_not_missed)
{
    int before = count_descriptors();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct waiter waiter = {ctx, poll_for_ever};
    delay_hold("poll");
    pthread_t thread = start(wait_on, &waiter);
    delay_await("poll");

    CHECK(belay_cancel(ctx));
    delay_release("poll");

    CHECK((intptr_t)join(thread) == BELAY_CANCELED);
    belay_end(ctx);
    CHECK(count_descriptors() <= before + 1); /* kept for the next */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_made_while_its_context_ends_is_readable),
        cmocka_unit_test(
            two_threads_that_make_a_descriptor_at_once_get_the_same),
        cmocka_unit_test(a_cancel_between_the_look_and_the_sleep_is_not_missed),
        cmocka_unit_test(a_cancel_between_the_look_and_the_poll_is_not_missed),
    };
    watchdog();
    delay_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
