/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/belay.h>

/* The checking build has a list of all contexts, and a lock for it. */

static atomic_int is_over;

static void *make_and_end(void *arg)
{
    while (is_over == 0)
        belay_end(belay_with_cancel(NULL));
    return arg;
}

static void make_one(void *arg)
{
    (void)arg;
    alarm(5);
    belay_end(belay_with_cancel(NULL));
}

TEST(a_process_may_fork_while_its_threads_make_contexts)
{
    pthread_t threads[2];
    for (size_t i = 0; i < LENGTH(threads); ++i)
        threads[i] = start(make_and_end, NULL);

    for (int i = 0; i < 300; ++i)
        CHECK(in_child(make_one, NULL) == 0);

    is_over = 1;
    for (size_t i = 0; i < LENGTH(threads); ++i)
        join(threads[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_may_fork_while_its_threads_make_contexts),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
