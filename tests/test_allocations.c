/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

/* How much memory each call asks for: counted in the allocator itself, which
   this program puts in front of the C library's.  Rules 4 and 9, class R. */

#if defined(__GLIBC__) && !SANITIZED

enum { CAN_COUNT = 1 };

static _Thread_local int counting;
static _Thread_local int asked;
static atomic_int live;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size)
{
    asked += counting;
    atomic_fetch_add(&live, counting);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    asked += counting;
    atomic_fetch_add(&live, counting);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    asked += counting;
    atomic_fetch_add(&live, counting * (memory == NULL));
    return __libc_realloc(memory, size);
}

void free(void *memory)
{
    atomic_fetch_sub(&live, counting * (memory != NULL));
    __libc_free(memory);
}

static void begin_counting(void)
{
    asked = 0;
    atomic_store(&live, 0);
    counting = 1;
}

/* How often memory was asked for since then. */
static int end_counting(void)
{
    counting = 0;
    return asked;
}

#else

enum { CAN_COUNT = 0 };

static atomic_int live;

static void begin_counting(void)
{
}

static int end_counting(void)
{
    return 0;
}

#endif

static const struct belay_key key = {"key", NULL};

/* What is made once: the clock's thread, a thread for after-functions. */
static void nothing(void *arg)
{
    (void)arg;
}

static void warm_up(void)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    belay_after_stop(belay_after_func(ctx, nothing, NULL));
    belay_end(ctx);
}

/* AL01 */
TEST(a_root_needs_no_memory)
{
    void *value;
    begin_counting();

    belay_value(belay_background(), &key, &value);
    belay_unref(belay_ref(belay_todo()));

    CHECK(end_counting() == 0);
}

/* CA08 */
TEST(a_child_needs_one_allocation)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    begin_counting();

    belay_ctx *child = belay_with_cancel(parent);
    belay_end(child);

    CHECK(end_counting() == 1);
    CHECK(live == 0);
    belay_end(parent);
}

/* AL02 */
TEST(a_value_and_its_look_up_need_one_allocation)
{
    void *value = NULL;
    belay_ctx *parent = belay_with_cancel(NULL);
    begin_counting();

    belay_ctx *ctx = belay_with_value(parent, &key, &value);
    belay_value(ctx, &key, &value);
    belay_end(ctx);

    CHECK(end_counting() == 1);
    CHECK(live == 0 && value == &value);
    belay_end(parent);
}

TEST(a_detached_context_needs_one_allocation)
{
    begin_counting();

    belay_end(belay_without_cancel(NULL));

    CHECK(end_counting() == 1);
    CHECK(live == 0);
}

TEST(a_context_with_a_deadline_needs_one_allocation)
{
    warm_up();
    begin_counting();

    belay_end(belay_with_timeout(NULL, BELAY_HOUR));
    belay_end(belay_with_timeout_cause(NULL, BELAY_HOUR, -EIO, "too slow"));
    belay_end(belay_with_timeout(NULL, 0));

    CHECK(end_counting() == 3);
    CHECK(live == 0);
}

/* AL04 */
TEST(a_wait_for_a_deadline_needs_no_allocation_of_its_own)
{
    warm_up();
    begin_counting();

    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    belay_wait(ctx);
    belay_end(ctx);

    CHECK(end_counting() == 1);
    CHECK(live == 0);
}

TEST(a_watch_needs_no_memory)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct belay_watch watch;
    int calls = 0;
    begin_counting();

    belay_watch(ctx, &watch, count_call, &calls);
    belay_unwatch(&watch);
    belay_watch(ctx, &watch, count_call, &calls);
    belay_cancel(ctx);
    belay_unwatch(&watch);

    CHECK(end_counting() == 0);
    CHECK(calls == 1);
    belay_end(ctx);
}

/* Rule 4 */
TEST(a_cancel_needs_no_memory)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *children[100];
    for (size_t i = 0; i < LENGTH(children); ++i)
        children[i] = belay_with_cancel(parent);
    begin_counting();

    belay_cancel(parent);
    belay_cancel_cause(children[0], -EIO, "late");

    CHECK(end_counting() == 0);
    for (size_t i = 0; i < LENGTH(children); ++i)
        belay_end(children[i]);
    belay_end(parent);
}

TEST(a_cause_without_a_text_needs_no_memory)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    begin_counting();

    belay_cancel_cause(ctx, -EPIPE, NULL);

    CHECK(end_counting() == 0);
    belay_end(ctx);
}

TEST(a_formatted_cause_needs_one_allocation_at_most)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    begin_counting();

    belay_cancel_cause(ctx, -EPIPE, "%s left", "client");

    CHECK(end_counting() <= 1);
    belay_end(ctx);
}

/* Rule 9, and all else that is only asked. */
TEST(asking_and_waiting_need_no_memory)
{
    char text[300];
    belay_time when;
    struct pollfd none = {-1, POLLIN, 0};
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    belay_describe(ctx, text, sizeof text); /* the C library sets up time */
    begin_counting();

    CHECK(belay_err(ctx) == 0 && belay_cause(ctx) == NULL);
    CHECK(belay_deadline(ctx, &when) && belay_remaining(ctx) > 0);
    CHECK(belay_describe(ctx, text, sizeof text) > 0);
    CHECK(belay_explain(ctx, text, sizeof text) > 0);
    CHECK(belay_strerror(-EPIPE) != NULL);
    CHECK(belay_fd(ctx) >= 0);
    CHECK(belay_sleep(ctx, 1) == 0);
    CHECK(belay_poll(ctx, &none, 1, 1) == 0);

    CHECK(end_counting() == 0);
    belay_end(ctx);
}

/* CA10 */
TEST(an_after_function_needs_one_allocation)
{
    warm_up();
    belay_ctx *ctx = belay_with_cancel(NULL);
    begin_counting();

    CHECK(belay_after_stop(belay_after_func(ctx, nothing, NULL)));

    CHECK(end_counting() == 1);
    CHECK(live == 0);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_needs_no_memory),
        cmocka_unit_test(a_child_needs_one_allocation),
        cmocka_unit_test(a_value_and_its_look_up_need_one_allocation),
        cmocka_unit_test(a_detached_context_needs_one_allocation),
        cmocka_unit_test(a_context_with_a_deadline_needs_one_allocation),
        cmocka_unit_test(a_wait_for_a_deadline_needs_no_allocation_of_its_own),
        cmocka_unit_test(a_watch_needs_no_memory),
        cmocka_unit_test(a_cancel_needs_no_memory),
        cmocka_unit_test(a_cause_without_a_text_needs_no_memory),
        cmocka_unit_test(a_formatted_cause_needs_one_allocation_at_most),
        cmocka_unit_test(asking_and_waiting_need_no_memory),
        cmocka_unit_test(an_after_function_needs_one_allocation),
    };
    watchdog();
    if (!CAN_COUNT) {
        puts("the allocator is not ours to put another in front of");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
