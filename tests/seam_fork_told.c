/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "crowd.h"

#include "fakes/delay.h"

/* Forks while another thread hands over an after-function, or has yet to tell
   the watches of a crowd: in the child nobody will. */

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

/* --- After-functions ---------------------------------------------------- */

static void join_told(void *after)
{
    alarm(5);
    EXPECT(!belay_after_join(after));
}

static void join_untold(void *after)
{
    alarm(5);
    EXPECT(belay_after_join(after));
}

TEST(a_child_does_not_wait_for_what_its_parent_was_about_to_hand_over)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *after = belay_after_func(ctx, post, &ran);
    delay_hold("fire");
    pthread_t canceler = start(cancel, ctx);
    delay_await("fire");

    CHECK(in_child(join_untold, after) == 0);

    delay_release("fire");
    join(canceler);
    CHECK(!belay_after_join(after) && has_come(&ran));
    belay_end(ctx);
}

static void (*real_delay)(const char *place);
static atomic_bool is_to_be_held;
static sem_t is_over;
static sem_t go_on;

/* Holds a thread of the library, too. */
static void hold_when_over(const char *place)
{
    real_delay(place);
    if (strcmp(place, "over") != 0 || !is_to_be_held)
        return;
    sem_post(&is_over);
    await(&go_on);
}

TEST(a_child_does_not_wait_for_an_after_function_that_is_over)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *after = belay_after_func(ctx, post, &ran);
    is_to_be_held = true;
    belay_end(ctx);
    await(&is_over);

    CHECK(in_child(join_told, after) == 0);

    is_to_be_held = false;
    sem_post(&go_on);
    CHECK(!belay_after_join(after) && has_come(&ran));
}

/* --- Crowds ------------------------------------------------------------- */

struct two {
    const belay_ctx *ctx;
    struct belay_watch ours;
    struct belay_watch other;
    int calls;
};

static void *watch(void *arg)
{
    struct two *two = arg;
    return (void *)(uintptr_t)belay_watch(two->ctx, &two->other, count_call,
                                          &two->calls);
}

/* The memory of the other's may be anything by now: its thread is not here. */
static void take_back_ours(void *arg)
{
    struct two *two = arg;
    struct belay_watch gone;
    memset(&gone, 0xff, sizeof gone);
    memset(&two->other, 0xff, sizeof two->other);
    EXPECT(belay_unwatch(&two->ours));
    EXPECT(memcmp(&two->other, &gone, sizeof gone) == 0);
    EXPECT(two->calls == 0);
}

TEST(a_child_forgets_the_watches_of_a_crowd_that_were_yet_to_be_told)
{
    struct cancel_ctx *parent = make_crowded(NULL);
    belay_ctx *child = derive_on(5, parent);
    struct two two = {.ctx = child};
    CHECK(belay_watch(child, &two.ours, count_call, &two.calls));
    CHECK(join(start(watch, &two)) != NULL);
    delay_hold("crowds");
    pthread_t canceler = start(cancel, parent);
    delay_await("crowds");

    CHECK(in_child(take_back_ours, &two) == 0);

    delay_release("crowds");
    join(canceler);
    CHECK(two.calls == 2);
    belay_end(child);
    belay_end(&parent->base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_child_does_not_wait_for_what_its_parent_was_about_to_hand_over),
        cmocka_unit_test(
            a_child_does_not_wait_for_an_after_function_that_is_over),
        cmocka_unit_test(
            a_child_forgets_the_watches_of_a_crowd_that_were_yet_to_be_told),
    };
    watchdog();
    delay_install();
    real_delay = belay__seams.delay;
    belay__seams.delay = hold_when_over;
    sem_init(&is_over, 0, 0);
    sem_init(&go_on, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
