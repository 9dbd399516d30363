/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

static const struct belay_key key = {"key", NULL};

enum { ROOTS = 3 };

static const belay_ctx *root(int which)
{
    const belay_ctx *roots[ROOTS] = {NULL, belay_background(), belay_todo()};
    return roots[which];
}

static void check_that_it_never_ends_and_carries_nothing(const belay_ctx *ctx)
{
    belay_time when;
    void *value;
    CHECK(belay_err(ctx) == 0);
    CHECK(belay_stopped((void *)ctx) == 0);
    CHECK(belay_cause(ctx) == NULL);
    CHECK(!belay_deadline(ctx, &when));
    CHECK(belay_remaining(ctx) == BELAY_FOREVER);
    CHECK(!belay_value(ctx, &key, &value));
}

/* CA01, CU01 */
TEST(a_root_never_ends_and_carries_nothing)
{
    for (int i = 0; i < ROOTS; ++i)
        check_that_it_never_ends_and_carries_nothing(root(i));
}

/* CA01 */
TEST(the_two_roots_are_two_and_each_is_one)
{
    CHECK(belay_background() != NULL);
    CHECK(belay_background() == belay_background());
    CHECK(belay_todo() == belay_todo());
    CHECK(belay_background() != belay_todo());
}

TEST(the_background_cannot_be_canceled)
{
    for (int i = 0; i < ROOTS; ++i) {
        belay_ctx *ctx = (belay_ctx *)root(i);

        CHECK(!belay_cancel(ctx));
        CHECK(!belay_cancel_cause(ctx, -EPIPE, "no"));
        CHECK(belay_err(ctx) == 0);
    }
}

TEST(ending_a_root_changes_nothing)
{
    for (int i = 0; i < ROOTS; ++i) {
        belay_end((belay_ctx *)root(i));

        check_that_it_never_ends_and_carries_nothing(root(i));
    }
}

TEST(a_root_needs_no_counting)
{
    for (int i = 0; i < ROOTS; ++i) {
        CHECK(belay_ref(root(i)) == root(i));
        belay_unref(root(i));
        belay_unref(root(i));

        check_that_it_never_ends_and_carries_nothing(root(i));
    }
}

TEST(a_watch_on_a_root_is_registered_and_never_told)
{
    for (int i = 0; i < ROOTS; ++i) {
        struct belay_watch watch = {0};
        int calls = 0;

        CHECK(belay_watch(root(i), &watch, count_call, &calls));
        belay_cancel((belay_ctx *)root(i));

        CHECK(belay_unwatch(&watch));
        CHECK(!belay_unwatch(&watch));
        CHECK(calls == 0);
    }
}

TEST(a_watch_on_a_root_can_be_taken_back_without_waiting)
{
    struct belay_watch watch = {0};
    int calls = 0;
    CHECK(belay_watch(NULL, &watch, count_call, &calls));

    CHECK(belay_try_unwatch(&watch) == 1);
    CHECK(belay_try_unwatch(&watch) == 0);
    CHECK(calls == 0);
}

TEST(a_root_has_no_descriptor)
{
    for (int i = 0; i < ROOTS; ++i)
        CHECK(belay_fd(root(i)) == -ENOTSUP);
}

TEST(poll_and_sleep_work_on_a_root)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct pollfd asked = {ends[1], POLLOUT, 0};

    for (int i = 0; i < ROOTS; ++i) {
        CHECK(belay_poll(root(i), &asked, 1, -1) == 1);
        CHECK(belay_sleep(root(i), 1) == 0);
    }

    close(ends[0]);
    close(ends[1]);
}

static void check_child_of_null(belay_ctx *child, const char *name)
{
    char text[200];
    belay_describe(child, text, sizeof text);
    CHECK(strncmp(text, "context.Background.", 19) == 0);
    CHECK(strncmp(text + 19, name, strlen(name)) == 0);
    CHECK(belay_err(child) == 0);
    belay_end(child);
}

/* CA21: where Go refuses a nil parent, NULL is the background. */
TEST(every_maker_takes_null_for_the_background)
{
    belay_time late = belay_now() + BELAY_HOUR;
    check_child_of_null(belay_with_cancel(NULL), "WithCancel");
    check_child_of_null(belay_with_deadline(NULL, late), "WithDeadline");
    check_child_of_null(belay_with_timeout(NULL, BELAY_HOUR), "WithDeadline");
    check_child_of_null(belay_with_deadline_cause(NULL, late, 0, NULL),
                        "WithDeadline");
    check_child_of_null(belay_with_timeout_cause(NULL, BELAY_HOUR, 0, NULL),
                        "WithDeadline");
    check_child_of_null(belay_with_value(NULL, &key, NULL), "WithValue");
    check_child_of_null(belay_without_cancel(NULL), "WithoutCancel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_never_ends_and_carries_nothing),
        cmocka_unit_test(the_two_roots_are_two_and_each_is_one),
        cmocka_unit_test(the_background_cannot_be_canceled),
        cmocka_unit_test(ending_a_root_changes_nothing),
        cmocka_unit_test(a_root_needs_no_counting),
        cmocka_unit_test(a_watch_on_a_root_is_registered_and_never_told),
        cmocka_unit_test(a_watch_on_a_root_can_be_taken_back_without_waiting),
        cmocka_unit_test(a_root_has_no_descriptor),
        cmocka_unit_test(poll_and_sleep_work_on_a_root),
        cmocka_unit_test(every_maker_takes_null_for_the_background),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
