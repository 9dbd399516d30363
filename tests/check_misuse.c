/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>
#include <belay/check.h>

#include <signal.h>
#include <sys/wait.h>

/*
 * What the checking build says of a mistake, which is made in a child process;
 * empty if it let it pass.
 */
static void hear(void (*mistake)(void), char *heard, size_t size)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        mistake();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], heard + length, size - 1 - length)) > 0)
        length += (size_t)got;
    heard[length] = '\0';
    close(ends[0]);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) == (length > 0));
}

#define HEARS(mistake, words) \
    do { \
        char heard[512]; \
        hear(mistake, heard, sizeof heard); \
        CHECK(strstr(heard, words) != NULL); \
        CHECK(strstr(heard, "made at here.c:1") != NULL); \
    } while (0)

static belay_ctx *make(void)
{
    return belay_with_cancel_at(NULL, "here.c:1");
}

static void end_twice(void)
{
    belay_ctx *ctx = make();
    belay_end(ctx);
    belay_end(ctx);
}

static void end_twice_what_another_holds(void)
{
    belay_ctx *ctx = make();
    (void)belay_ref(ctx);
    belay_end(ctx);
    belay_end(ctx);
}

TEST(a_double_end_is_caught)
{
    HEARS(end_twice, "ended twice");
    HEARS(end_twice_what_another_holds, "ended twice");
}

static void ask_after_the_end(void)
{
    belay_ctx *ctx = make();
    belay_end(ctx);
    (void)belay_err(ctx);
}

static void derive_after_the_end(void)
{
    belay_ctx *ctx = make();
    belay_end(ctx);
    belay_end(belay_with_cancel(ctx));
}

static void sleep_after_the_end(void)
{
    belay_ctx *ctx = make();
    belay_end(ctx);
    belay_sleep(ctx, BELAY_NANOSECOND);
}

static void cancel_after_the_end(void)
{
    belay_ctx *ctx = make();
    belay_end(ctx);
    belay_cancel(ctx);
}

static void use_a_value_after_the_end(void)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *ctx = belay_with_value_at(NULL, &key, NULL, "here.c:1");
    belay_end(ctx);
    (void)belay_err(ctx);
}

TEST(a_use_after_the_end_is_caught)
{
    HEARS(ask_after_the_end, "used after its end");
    HEARS(derive_after_the_end, "used after its end");
    HEARS(sleep_after_the_end, "used after its end");
    HEARS(cancel_after_the_end, "used after its end");
    HEARS(use_a_value_after_the_end, "used after its end");
}

static void unref_what_was_not_refd(void)
{
    belay_unref(make());
}

TEST(an_unref_without_a_ref_is_caught)
{
    HEARS(unref_what_was_not_refd, "without belay_ref()");
}

static void overwrite_a_watch(void)
{
    belay_ctx *ctx = make();
    struct belay_watch watch;
    int calls;
    (void)belay_watch(ctx, &watch, count_call, &calls);
    memset(&watch.fn, 0x55, sizeof watch - offsetof(struct belay_watch, fn));
    belay_cancel(ctx);
}

static void move_a_watch(void)
{
    belay_ctx *ctx = make();
    struct belay_watch watch;
    int calls;
    (void)belay_watch(ctx, &watch, count_call, &calls);
    struct belay_watch moved = watch;
    belay_unwatch(&moved);
}

TEST(a_watch_that_does_not_stay_in_place_is_caught)
{
    HEARS(overwrite_a_watch, "moved, freed or overwritten");
    HEARS(move_a_watch, "moved, freed or overwritten");
}

static void do_all_right(void)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = make();
    belay_ctx *value = belay_with_value(parent, &key, NULL);
    belay_ctx *child = belay_with_timeout(value, BELAY_HOUR);
    const belay_ctx *held = belay_ref(child);
    struct belay_watch watch;
    int calls = 0;
    (void)belay_watch(child, &watch, count_call, &calls);
    belay_cancel(parent);
    belay_unwatch(&watch);
    belay_end(child);
    (void)belay_err(held);
    belay_unref(held);
    belay_end(value);
    belay_end(parent);
}

TEST(what_is_right_passes)
{
    char heard[512];
    hear(do_all_right, heard, sizeof heard);
    CHECK(heard[0] == '\0');
}

TEST(what_is_live_is_listed_by_its_place)
{
    size_t before = belay_check_live(STDERR_FILENO);
    belay_ctx *first = belay_with_cancel_at(NULL, "one.c:1");
    belay_ctx *second = belay_with_cancel_at(first, "two.c:2");
    belay_ctx *third = belay_with_cancel_at(first, "two.c:2");
    FILE *file = tmpfile();
    CHECK(file != NULL);
    char listed[512];

    size_t count = belay_check_live(fileno(file));

    rewind(file);
    listed[fread(listed, 1, sizeof listed - 1, file)] = '\0';
    CHECK(count == before + 3);
    CHECK(strstr(listed, "1 made at one.c:1\n") != NULL);
    CHECK(strstr(listed, "2 made at two.c:2\n") != NULL);
    fclose(file);
    belay_end(third);
    belay_end(second);
    belay_end(first);
    CHECK(belay_check_live(STDERR_FILENO) == before);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_double_end_is_caught),
        cmocka_unit_test(a_use_after_the_end_is_caught),
        cmocka_unit_test(an_unref_without_a_ref_is_caught),
        cmocka_unit_test(a_watch_that_does_not_stay_in_place_is_caught),
        cmocka_unit_test(what_is_right_passes),
        cmocka_unit_test(what_is_live_is_listed_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
