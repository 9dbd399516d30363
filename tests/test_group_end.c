/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/group.h>

/* How a group ends. */

static int wait_for_the_end(const belay_ctx *ctx, void *arg)
{
    (void)arg;
    return belay_wait(ctx);
}

struct seen {
    int err;
    int code;
    char text[64];
    char where[64];
};

static int look_why(const belay_ctx *ctx, void *arg)
{
    struct seen *seen = arg;
    seen->err = belay_wait(ctx);
    seen->code = belay_cause(ctx)->code;
    snprintf(seen->text, sizeof seen->text, "%s", belay_cause(ctx)->text);
    snprintf(seen->where, sizeof seen->where, "%s", belay_cause(ctx)->where);
    return 0;
}

TEST(a_group_on_an_ended_context_refuses)
{
    belay_ctx *parent = belay_with_timeout(NULL, 0);
    belay_group *group = belay_group_start(parent, NULL);

    CHECK(belay_group_go(group, wait_for_the_end, NULL) ==
          BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_group_try_go(group, wait_for_the_end, NULL) ==
          BELAY_DEADLINE_EXCEEDED);

    CHECK(belay_group_wait(group) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_group_failures(group) == NULL);
    belay_group_end(group);
    belay_end(parent);
}

TEST(the_end_of_the_parent_ends_the_jobs)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    struct seen seen = {0};
    belay_group *group = belay_group_start(parent, NULL);
    CHECK(belay_group_go(group, look_why, &seen) == 0);

    belay_cancel_cause(parent, -EPIPE, "client left");

    CHECK(belay_group_wait(group) == 0);
    CHECK(seen.code == -EPIPE);
    belay_group_end(group);
    belay_end(parent);
}

TEST(a_group_that_is_ended_cancels_and_waits)
{
    struct seen seen = {0};
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, look_why, &seen) == 0);

    CHECK(belay_group_end(group) == 0);

    CHECK(seen.err == BELAY_CANCELED);
}

static void leave_a_scope(struct seen *seen)
{
    BELAY_GROUP_AUTO belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, look_why, seen) == 0);
}

TEST(a_group_ends_with_its_scope)
{
    struct seen seen = {0};

    leave_a_scope(&seen);

    CHECK(seen.err == BELAY_CANCELED);
}

TEST(no_group_is_a_group_that_refuses)
{
    BELAY_GROUP_AUTO belay_group *group = NULL;

    CHECK(belay_group_go(group, wait_for_the_end, NULL) == -ENOMEM);
    CHECK(belay_group_try_go(group, wait_for_the_end, NULL) == -ENOMEM);
    CHECK(belay_group_wait(group) == -ENOMEM);
    CHECK(belay_group_failures(group) == NULL);
    CHECK(belay_group_end(group) == 0);
}

struct canceled {
    int code;
    int outcome;
};

static int return_it(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    return *(int *)arg;
}

static void *wait_though_canceled(void *arg)
{
    struct canceled *self = arg;
    pthread_cancel(pthread_self());
    belay_group *group = belay_group_start(NULL, NULL);
    belay_group_go(group, return_it, &self->code);
    self->outcome = belay_group_wait(group);
    belay_group_end(group);
    pthread_testcancel();
    return NULL;
}

TEST(a_canceled_thread_waits_before_it_goes)
{
    struct canceled canceled = {-EIO, 0};

    CHECK(join(start(wait_though_canceled, &canceled)) == PTHREAD_CANCELED);

    CHECK(canceled.outcome == -EIO);
}

TEST(errno_is_the_callers)
{
    int code = -EIO;
    errno = 4711;

    belay_group *group = belay_group_start(NULL, NULL);
    belay_group_go(group, return_it, &code);
    belay_group_wait(group);
    belay_group_end(group);

    CHECK(errno == 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_on_an_ended_context_refuses),
        cmocka_unit_test(the_end_of_the_parent_ends_the_jobs),
        cmocka_unit_test(a_group_that_is_ended_cancels_and_waits),
        cmocka_unit_test(a_group_ends_with_its_scope),
        cmocka_unit_test(no_group_is_a_group_that_refuses),
        cmocka_unit_test(a_canceled_thread_waits_before_it_goes),
        cmocka_unit_test(errno_is_the_callers),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
