/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <belay/belay.h>

/* Forks while other threads are within the library, or within a callback. */

/* --- From inside a callback --------------------------------------------- */

struct forking {
    belay_ctx *ctx;
    belay_ctx *above;
    int status;
    int later_calls;
};

static void use(void *arg)
{
    struct forking *f = arg;
    EXPECT(belay_err(f->ctx) == BELAY_CANCELED);
    EXPECT(belay_err(f->above) == 0);
    belay_ctx *child = belay_with_timeout(f->above, BELAY_MILLISECOND);
    EXPECT(belay_wait(child) == BELAY_DEADLINE_EXCEEDED);
    belay_end(child);
    EXPECT(belay_cancel(f->above));
    EXPECT(is_readable(belay_fd(f->ctx)));
}

static void fork_in_watch(void *arg, int err)
{
    struct forking *f = arg;
    (void)err;
    f->status = in_child(use, f);
}

TEST(a_watch_may_fork)
{
    struct forking f = {.above = belay_with_cancel(NULL), .status = -1};
    struct belay_watch watches[2];
    f.ctx = belay_with_cancel(f.above);
    CHECK(belay_watch(f.ctx, &watches[0], fork_in_watch, &f));
    CHECK(belay_watch(f.ctx, &watches[1], count_call, &f.later_calls));

    CHECK(belay_cancel(f.ctx));

    CHECK(f.status == 0);
    CHECK(f.later_calls == 1 && belay_err(f.above) == 0);
    belay_end(f.ctx);
    belay_end(f.above);
}

static void fork_in_after(void *arg)
{
    struct forking *f = arg;
    f->status = in_child(use, f);
}

TEST(an_after_function_may_fork)
{
    struct forking f = {.above = belay_with_cancel(NULL), .status = -1};
    f.ctx = belay_with_cancel(f.above);
    struct belay_after *after = belay_after_func(f.ctx, fork_in_after, &f);

    CHECK(belay_cancel(f.ctx));
    CHECK(!belay_after_join(after));

    CHECK(f.status == 0);
    belay_end(f.ctx);
    belay_end(f.above);
}

/* The child is the thread that forked: it returns into the ending, and tells
   the watches that were left, as its own. */
static void fork_and_return(void *arg, int err)
{
    struct forking *f = arg;
    (void)err;
    fflush(NULL);
    f->status = fork();
}

TEST(a_child_forked_in_a_watch_goes_on_with_the_ending)
{
    struct forking f = {.ctx = belay_with_cancel(NULL), .status = -1};
    struct belay_watch watches[2];
    CHECK(belay_watch(f.ctx, &watches[0], fork_and_return, &f));
    CHECK(belay_watch(f.ctx, &watches[1], count_call, &f.later_calls));

    bool won = belay_cancel(f.ctx);
    if (f.status == 0) {
        become_a_child();
        EXPECT(won && f.later_calls == 1);
        EXPECT(!belay_unwatch(&watches[0]) && !belay_unwatch(&watches[1]));
        belay_end(f.ctx);
        _exit(0);
    }

    CHECK(status_of(f.status) == 0);
    CHECK(won && f.later_calls == 1);
    belay_end(f.ctx);
}

/* --- While another thread is in a watch --------------------------------- */

struct slow {
    belay_ctx *ctx;
    struct belay_watch watch;
    struct belay_watch behind;
    sem_t entered;
    sem_t leave;
    int calls;
};

static void be_slow(void *arg, int err)
{
    struct slow *slow = arg;
    (void)err;
    sem_post(&slow->entered);
    await(&slow->leave);
}

static void *cancel(void *ctx)
{
    belay_cancel(ctx);
    return NULL;
}

/* The thread that is in the watch is not in the child: nothing waits for it. */
static void use_what_is_being_told(void *arg)
{
    struct slow *slow = arg;
    EXPECT(belay_err(slow->ctx) == BELAY_CANCELED);
    EXPECT(belay_wait(slow->ctx) == BELAY_CANCELED);
    EXPECT(!belay_cancel(slow->ctx));
    belay_unwatch(&slow->watch);
    belay_unwatch(&slow->behind);
    belay_ctx *child = belay_with_cancel(slow->ctx);
    EXPECT(belay_err(child) == BELAY_CANCELED);
    belay_end(child);
    belay_end(slow->ctx);
    EXPECT(slow->calls == 0);
}

TEST(a_child_does_not_wait_for_a_watch_that_its_parent_was_telling)
{
    struct slow slow = {.ctx = belay_with_cancel(NULL)};
    sem_init(&slow.entered, 0, 0);
    sem_init(&slow.leave, 0, 0);
    CHECK(belay_watch(slow.ctx, &slow.watch, be_slow, &slow));
    CHECK(belay_watch(slow.ctx, &slow.behind, count_call, &slow.calls));
    pthread_t canceler = start(cancel, slow.ctx);
    await(&slow.entered);

    CHECK(in_child(use_what_is_being_told, &slow) == 0);

    sem_post(&slow.leave);
    join(canceler);
    CHECK(slow.calls == 1);
    belay_end(slow.ctx);
}

/* --- While other threads are anywhere ----------------------------------- */

struct busy {
    belay_ctx *shared;
    atomic_int stop;
};

static void nothing(void *arg)
{
    (void)arg;
}

/* Not on the stack, which the child loses with its thread. */
struct watched {
    struct belay_watch watch;
    int calls;
};

static void use_a_little(belay_ctx *shared)
{
    belay_ctx *child = belay_with_timeout(shared, BELAY_HOUR);
    belay_ctx *grandchild = belay_with_cancel(child);
    struct watched *watched = calloc(1, sizeof *watched);
    belay_fd(grandchild);
    belay_watch(grandchild, &watched->watch, count_call, &watched->calls);
    belay_cancel(child);
    belay_unwatch(&watched->watch);
    free(watched);
    belay_end(grandchild);
    belay_end(child);
    belay_after_join(belay_after_func(shared, nothing, NULL));
}

static void *be_busy(void *arg)
{
    struct busy *busy = arg;
    while (busy->stop == 0)
        use_a_little(busy->shared);
    return NULL;
}

static void use_shared(void *arg)
{
    struct busy *busy = arg;
    struct belay_watch watch;
    int calls = 0;
    EXPECT(belay_err(busy->shared) == 0);
    use_a_little(busy->shared);
    belay_ctx *timed = belay_with_timeout(busy->shared, 1000);
    EXPECT(belay_wait(timed) == BELAY_DEADLINE_EXCEEDED);
    EXPECT(belay_watch(busy->shared, &watch, count_call, &calls));
    EXPECT(belay_cancel(busy->shared));
    EXPECT(calls == 1);
    belay_end(timed);
    belay_end(busy->shared);
}

TEST(a_process_may_fork_while_its_threads_are_within_the_library)
{
    struct busy busy = {.shared = belay_with_cancel(NULL)};
    pthread_t threads[3];
    for (size_t i = 0; i < LENGTH(threads); ++i)
        threads[i] = start(be_busy, &busy);

    for (int i = 0; i < (SANITIZED ? 50 : 200); ++i)
        CHECK(in_child(use_shared, &busy) == 0);

    busy.stop = 1;
    for (size_t i = 0; i < LENGTH(threads); ++i)
        join(threads[i]);
    belay_end(busy.shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_may_fork),
        cmocka_unit_test(an_after_function_may_fork),
        cmocka_unit_test(a_child_forked_in_a_watch_goes_on_with_the_ending),
        cmocka_unit_test(
            a_child_does_not_wait_for_a_watch_that_its_parent_was_telling),
        cmocka_unit_test(
            a_process_may_fork_while_its_threads_are_within_the_library),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
