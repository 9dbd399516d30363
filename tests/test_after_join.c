/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* Who waits for an after-function, and who does not. */

struct slow {
    sem_t entered;
    sem_t leave;
    sem_t left;
    bool done; /* plain: belay_after_join() makes it visible */
};

static void prepare(struct slow *slow)
{
    slow->done = false;
    sem_init(&slow->entered, 0, 0);
    sem_init(&slow->leave, 0, 0);
    sem_init(&slow->left, 0, 0);
}

static void be_slow(void *arg)
{
    struct slow *slow = arg;
    sem_post(&slow->entered);
    await(&slow->leave);
    slow->done = true;
    sem_post(&slow->left);
}

/* S63, S65 */
TEST(neither_cancel_nor_stop_waits_for_an_after_function)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    static struct slow slow; /* the function may outlive the test */
    sem_t ran;
    sem_init(&ran, 0, 0);
    sem_init(&slow.entered, 0, 0);
    sem_init(&slow.leave, 0, 0);
    struct belay_after *after = belay_after_func(ctx, be_slow, &slow);
    struct belay_after *other = belay_after_func(ctx, post, &ran);

    CHECK(belay_cancel(ctx));
    await(&slow.entered);
    CHECK(!belay_after_stop(after));
    CHECK(!belay_after_join(other));

    CHECK(has_come(&ran));
    sem_post(&slow.leave);
    await(&slow.left);
    belay_end(ctx);
}

static void *let_leave(void *arg)
{
    struct slow *slow = arg;
    for (int i = 0; i < 1000; ++i)
        sched_yield();
    sem_post(&slow->leave);
    return NULL;
}

/* AF10 */
TEST(joining_waits_for_a_running_after_function)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct slow slow;
    prepare(&slow);
    struct belay_after *after = belay_after_func(ctx, be_slow, &slow);
    belay_cancel(ctx);
    await(&slow.entered);
    pthread_t helper = start(let_leave, &slow);

    CHECK(!belay_after_join(after));

    CHECK(slow.done);
    join(helper);
    belay_end(ctx);
}

/* --- From inside a destructor ------------------------------------------- */

struct owner {
    struct belay_after *after;
    sem_t joined;
};

static void join_own(void *arg)
{
    struct owner *owner = arg;
    belay_after_join(owner->after);
    sem_post(&owner->joined);
}

static void nothing_to_do(void *arg)
{
    (void)arg;
}

/* The value goes with the registration, once fn has returned. */
TEST(a_destructor_may_join_the_after_function_that_held_its_value)
{
    static const struct belay_key key = {"owner", join_own};
    struct owner owner;
    sem_init(&owner.joined, 0, 0);
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(ctx, &key, &owner);
    owner.after = belay_after_func(value, nothing_to_do, NULL);
    belay_end(value);

    belay_end(ctx);

    await(&owner.joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_cancel_nor_stop_waits_for_an_after_function),
        cmocka_unit_test(joining_waits_for_a_running_after_function),
        cmocka_unit_test(
            a_destructor_may_join_the_after_function_that_held_its_value),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
