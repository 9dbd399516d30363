/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/belay.h>

/* What a child may do with the contexts that it has inherited, and that it does
   nothing to its parent.  Rule 11, class O. */

struct inherited {
    belay_ctx *ctx;
    belay_ctx *child;
    belay_ctx *value;
    struct belay_watch watch;
    int calls;
};

static const struct belay_key key = {"key", NULL};

static void make(struct inherited *all)
{
    *all = (struct inherited){.ctx = belay_with_cancel(NULL)};
    all->child = belay_with_timeout(all->ctx, BELAY_HOUR);
    all->value = belay_with_value(all->child, &key, all);
    CHECK(belay_watch(all->child, &all->watch, count_call, &all->calls));
}

static void give_back(struct inherited *all)
{
    belay_end(all->value);
    belay_end(all->child);
    belay_end(all->ctx);
}

/* --- Asking, ending, giving back ---------------------------------------- */

static void ask(void *arg)
{
    struct inherited *all = arg;
    void *value = NULL;
    char text[300];
    EXPECT(belay_err(all->value) == 0);
    EXPECT(belay_remaining(all->value) > 0);
    EXPECT(belay_value(all->value, &key, &value) && value == all);
    EXPECT(belay_describe(all->value, text, sizeof text) > 0);
    EXPECT(belay_cause(all->ctx) == NULL);
}

static void end(void *arg)
{
    struct inherited *all = arg;
    EXPECT(belay_cancel(all->ctx));
    EXPECT(belay_err(all->value) == BELAY_CANCELED);
    EXPECT(all->calls == 1);
    EXPECT(belay_wait(all->child) == BELAY_CANCELED);
    EXPECT(is_readable(belay_fd(all->child)));
    give_back(all);
}

static void derive(void *arg)
{
    struct inherited *all = arg;
    belay_ctx *child = belay_with_cancel(all->value);
    struct belay_watch watch;
    int calls = 0;
    EXPECT(belay_err(child) == 0);
    EXPECT(belay_watch(child, &watch, count_call, &calls));
    EXPECT(belay_unwatch(&all->watch));
    EXPECT(belay_cancel(all->ctx));
    EXPECT(belay_err(child) == BELAY_CANCELED && calls == 1);
    EXPECT(all->calls == 0);
    belay_end(child);
    give_back(all);
}

TEST(a_child_may_ask_end_and_give_back_what_it_has_inherited)
{
    void (*runs[])(void *) = {ask, end, derive};
    for (size_t i = 0; i < LENGTH(runs); ++i) {
        struct inherited all;
        make(&all);

        CHECK(in_child(runs[i], &all) == 0);

        CHECK(belay_err(all.ctx) == 0 && all.calls == 0);
        give_back(&all);
    }
}

static void find_ended(void *arg)
{
    struct inherited *all = arg;
    EXPECT(belay_err(all->value) == BELAY_CANCELED);
    EXPECT(belay_cause(all->value)->code == -EPIPE);
    EXPECT(is_readable(belay_fd(all->child)));
    give_back(all);
}

TEST(a_child_inherits_ended_contexts_as_ended)
{
    struct inherited all;
    make(&all);
    belay_cancel_cause(all.ctx, -EPIPE, "left");

    CHECK(in_child(find_ended, &all) == 0);

    give_back(&all);
}

/* --- Deadlines and after-functions -------------------------------------- */

static void wait_for_deadline(void *ctx)
{
    EXPECT(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
}

TEST(an_inherited_deadline_holds_in_the_child)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);

    CHECK(in_child(wait_for_deadline, ctx) == 0);

    CHECK(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

static void set_deadline(void *parent)
{
    belay_ctx *ctx = belay_with_timeout(parent, BELAY_MILLISECOND);
    EXPECT(belay_wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    EXPECT(belay_err(parent) == 0);
    belay_end(ctx);
}

TEST(a_new_deadline_works_in_the_child)
{
    belay_ctx *far = belay_with_timeout(NULL, BELAY_HOUR);

    CHECK(in_child(set_deadline, far) == 0);
    CHECK(in_child(set_deadline, NULL) == 0);

    belay_end(far);
}

static void register_after(void *parent)
{
    sem_t ran;
    sem_init(&ran, 0, 0);
    belay_ctx *ctx = belay_with_cancel(parent);
    struct belay_after *after = belay_after_func(ctx, post, &ran);
    EXPECT(after != NULL);
    EXPECT(belay_cancel(ctx));
    EXPECT(!belay_after_join(after));
    EXPECT(has_come(&ran));
    belay_end(ctx);
}

TEST(a_new_after_function_works_in_the_child)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    sem_t ran;
    sem_init(&ran, 0, 0);
    struct belay_after *ours = belay_after_func(parent, post, &ran);

    CHECK(in_child(register_after, parent) == 0);
    CHECK(in_child(register_after, NULL) == 0);

    CHECK(belay_after_stop(ours));
    belay_end(parent);
}

struct registration {
    belay_ctx *ctx;
    struct belay_after *after;
    sem_t ran;
};

static void run_inherited_after(void *arg)
{
    struct registration *r = arg;
    EXPECT(belay_cancel(r->ctx));
    EXPECT(!belay_after_join(r->after));
    EXPECT(has_come(&r->ran));
    belay_end(r->ctx);
}

TEST(an_inherited_after_function_runs_when_the_child_ends_its_context)
{
    struct registration r = {.ctx = belay_with_cancel(NULL)};
    sem_init(&r.ran, 0, 0);
    r.after = belay_after_func(r.ctx, post, &r.ran);

    CHECK(in_child(run_inherited_after, &r) == 0);

    CHECK(belay_after_stop(r.after));
    CHECK(!has_come(&r.ran));
    belay_end(r.ctx);
}

/* --- Descriptors -------------------------------------------------------- */

static void cancel_with_fd(void *ctx)
{
    int fd = belay_fd(ctx);
    EXPECT(fd >= 0 && !is_readable(fd));
    EXPECT(belay_cancel(ctx));
    EXPECT(is_readable(belay_fd(ctx)));
}

static void only_cancel(void *ctx)
{
    EXPECT(belay_cancel(ctx));
    EXPECT(is_readable(belay_fd(ctx)));
    belay_end(ctx);
}

TEST(a_childs_ending_leaves_the_parents_descriptor_alone)
{
    void (*runs[])(void *) = {cancel_with_fd, only_cancel};
    for (size_t i = 0; i < LENGTH(runs); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        int fd = belay_fd(ctx);

        CHECK(in_child(runs[i], ctx) == 0);

        CHECK(!is_readable(fd));
        CHECK(belay_cancel(ctx) && is_readable(fd));
        belay_end(ctx);
    }
}

struct turns {
    belay_ctx *ctx;
    int to_child[2];
};

static void look_after_the_parents_ending(void *arg)
{
    struct turns *turns = arg;
    char byte;
    int fd = belay_fd(turns->ctx);
    EXPECT(read(turns->to_child[0], &byte, 1) == 1);
    EXPECT(!is_readable(fd));
    EXPECT(belay_err(turns->ctx) == 0);
}

/* A descriptor from before the fork is one and the same file in both. */
TEST(a_parents_ending_leaves_the_childs_descriptor_alone)
{
    struct turns turns = {.ctx = belay_with_cancel(NULL)};
    CHECK(pipe(turns.to_child) == 0);
    CHECK(belay_fd(turns.ctx) >= 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become_a_child();
        look_after_the_parents_ending(&turns);
        _exit(0);
    }

    belay_cancel(turns.ctx);
    CHECK(write(turns.to_child[1], "x", 1) == 1);

    CHECK(status_of(child) == 0);
    close(turns.to_child[0]);
    close(turns.to_child[1]);
    belay_end(turns.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_child_may_ask_end_and_give_back_what_it_has_inherited),
        cmocka_unit_test(a_child_inherits_ended_contexts_as_ended),
        cmocka_unit_test(an_inherited_deadline_holds_in_the_child),
        cmocka_unit_test(a_new_deadline_works_in_the_child),
        cmocka_unit_test(a_new_after_function_works_in_the_child),
        cmocka_unit_test(
            an_inherited_after_function_runs_when_the_child_ends_its_context),
        cmocka_unit_test(a_childs_ending_leaves_the_parents_descriptor_alone),
        cmocka_unit_test(a_parents_ending_leaves_the_childs_descriptor_alone),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
