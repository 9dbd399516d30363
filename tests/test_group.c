/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/group.h>

/* What becomes of jobs.  Limits, and who runs them, are in test_group_run.c;
   the ids are those of Go's cases for errgroup. */

static int return_it(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    return *(int *)arg;
}

static int wait_for_the_end(const belay_ctx *ctx, void *arg)
{
    (void)arg;
    return belay_wait(ctx);
}

/* Jobs that are refused because one before has failed change nothing. */
static int ended_by(belay_group *group, const int *codes, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        belay_group_go(group, return_it, (void *)&codes[i]);
    int err = belay_group_wait(group);
    CHECK(belay_group_end(group) == 0);
    return err;
}

/* XS01 */
TEST(a_group_without_jobs_has_no_failure)
{
    belay_group *group = belay_group_start(NULL, NULL);

    CHECK(belay_group_wait(group) == 0);
    CHECK(belay_group_failures(group) == NULL);
    CHECK(belay_group_end(group) == 0);
}

/* XS01 */
TEST(the_first_failure_in_time_is_the_outcome)
{
    const int table[][3] = {{0, 0, 0}, {-EIO, 0, 0}, {0, 7, -EIO}};
    const int expected[] = {0, -EIO, -EIO};
    for (size_t i = 0; i < LENGTH(table); ++i) {
        belay_group *group = belay_group_start(NULL, NULL);

        CHECK(ended_by(group, table[i], 3) == expected[i]);
    }
}

struct follower {
    sem_t may_fail;
    int code;
};

static int fail_when_told(const belay_ctx *ctx, void *arg)
{
    struct follower *self = arg;
    (void)ctx;
    await(&self->may_fail);
    return self->code;
}

/* XS01, XS02 */
TEST(a_later_failure_does_not_replace_the_first)
{
    struct follower follower = {.code = -EPIPE};
    sem_init(&follower.may_fail, 0, 0);
    int first = -EIO;
    int none = 0;
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, fail_when_told, &follower) == 0);
    CHECK(belay_group_go(group, wait_for_the_end, NULL) == 0);
    CHECK(belay_group_go(group, return_it, &first) == 0);
    while (belay_group_go(group, return_it, &none) == 0)
        sched_yield(); /* until the first failure has ended the context */
    sem_post(&follower.may_fail);

    CHECK(belay_group_wait(group) == -EIO);
    const struct belay_failure *failure = belay_group_failures(group);
    CHECK(failure->code == -EIO && failure->arg == &first);
    CHECK(failure->next->next != NULL && failure->next->next->next == NULL);
    belay_group_end(group);
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

static int fail_in_words(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    return belay_group_fail(-ENOENT, "no user %s", (const char *)arg);
}

/* XS02 */
TEST(the_first_failure_ends_the_others_and_is_the_cause)
{
    struct seen seen = {0};
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, look_why, &seen) == 0);
    CHECK(belay_group_go_at(group, fail_in_words, "eve", "here.c:1") == 0);

    CHECK(belay_group_wait(group) == -ENOENT);

    CHECK(seen.err == BELAY_CANCELED && seen.code == -ENOENT);
    assert_string_equal(seen.text, "no user eve");
    assert_string_equal(seen.where, "here.c:1");
    assert_string_equal(belay_group_failures(group)->text, "no user eve");
    belay_group_end(group);
}

TEST(a_failure_without_words_has_those_of_its_code)
{
    int code = -EIO;
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go_at(group, return_it, &code, "here.c:2") == 0);

    CHECK(belay_group_wait(group) == -EIO);

    const struct belay_failure *failure = belay_group_failures(group);
    assert_string_equal(failure->text, belay_strerror(-EIO));
    assert_string_equal(failure->where, "here.c:2");
    belay_group_end(group);
}

TEST(words_outside_of_a_job_are_only_a_code)
{
    CHECK(belay_group_fail(-EIO, "no %s", "job") == -EIO);
}

static int keep_a_child(const belay_ctx *ctx, void *arg)
{
    *(belay_ctx **)arg = belay_with_cancel(ctx);
    return 0;
}

/* XS02, X2 */
TEST(what_is_derived_in_a_job_ends_when_the_group_has_finished)
{
    belay_ctx *child = NULL;
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, keep_a_child, &child) == 0);

    CHECK(belay_group_wait(group) == 0);

    CHECK(belay_err(child) == BELAY_CANCELED);
    assert_string_equal(belay_cause(child)->text, "group finished");
    CHECK(belay_group_go(group, wait_for_the_end, NULL) == BELAY_CANCELED);
    belay_group_end(group);
    belay_end(child);
}

TEST(a_group_may_be_waited_for_again)
{
    const int code = -EIO;
    belay_group *group = belay_group_start(NULL, NULL);
    CHECK(belay_group_go(group, return_it, (void *)&code) == 0);

    CHECK(belay_group_wait(group) == -EIO);
    CHECK(belay_group_wait(group) == -EIO);

    belay_group_end(group);
}

TEST(every_failure_is_kept_where_none_ends_the_group)
{
    enum { MANY = 100 };
    int codes[MANY];
    const struct belay_group_rules rules = {.until = BELAY_UNTIL_DONE};
    belay_group *group = belay_group_start(NULL, &rules);
    for (int i = 0; i < MANY; ++i) {
        codes[i] = i % 2 == 0 ? 0 : -i;
        CHECK(belay_group_go(group, return_it, &codes[i]) == 0);
    }

    CHECK(belay_group_wait(group) < 0);

    int sum = 0;
    const struct belay_failure *f = belay_group_failures(group);
    for (; f != NULL; f = f->next)
        sum += *(int *)f->arg == f->code ? f->code : 0;
    CHECK(sum == -MANY / 2 * (MANY / 2));
    belay_group_end(group);
}

static const struct belay_group_rules race_rules = {.until =
                                                        BELAY_UNTIL_SUCCESS};

TEST(the_first_success_ends_the_others)
{
    const int ok = 3;
    struct seen seen = {0};
    belay_group *group = belay_group_start(NULL, &race_rules);
    CHECK(belay_group_go(group, look_why, &seen) == 0);
    CHECK(belay_group_go(group, return_it, (void *)&ok) == 0);

    CHECK(belay_group_wait(group) == 0);

    CHECK(seen.err == BELAY_CANCELED && seen.code == BELAY_CANCELED);
    assert_string_equal(seen.text, "succeeded");
    belay_group_end(group);
}

TEST(without_a_success_the_first_failure_is_the_outcome)
{
    const int codes[] = {-EIO};
    CHECK(ended_by(belay_group_start(NULL, &race_rules), codes, 1) == -EIO);
    CHECK(ended_by(belay_group_start(NULL, &race_rules), codes, 0) == -ENOENT);
}

TEST(a_failure_before_the_success_does_not_matter)
{
    int codes[] = {-EIO, 0};
    struct belay_group_rules rules = {.until = BELAY_UNTIL_SUCCESS, .limit = 1};

    CHECK(ended_by(belay_group_start(NULL, &rules), codes, 2) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_without_jobs_has_no_failure),
        cmocka_unit_test(the_first_failure_in_time_is_the_outcome),
        cmocka_unit_test(a_later_failure_does_not_replace_the_first),
        cmocka_unit_test(the_first_failure_ends_the_others_and_is_the_cause),
        cmocka_unit_test(a_failure_without_words_has_those_of_its_code),
        cmocka_unit_test(words_outside_of_a_job_are_only_a_code),
        cmocka_unit_test(
            what_is_derived_in_a_job_ends_when_the_group_has_finished),
        cmocka_unit_test(a_group_may_be_waited_for_again),
        cmocka_unit_test(every_failure_is_kept_where_none_ends_the_group),
        cmocka_unit_test(the_first_success_ends_the_others),
        cmocka_unit_test(without_a_success_the_first_failure_is_the_outcome),
        cmocka_unit_test(a_failure_before_the_success_does_not_matter),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
