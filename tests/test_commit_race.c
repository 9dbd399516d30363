/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "race.h"

#include <belay/commit.h>

/* Of committing and canceling at once, one wins. */

struct contest {
    belay_ctx *parent;
    belay_ctx *op;
    bool has_committed;
    bool has_canceled;
    int wins[2];
};

static void prepare(void *arg)
{
    struct contest *contest = arg;
    contest->parent = belay_with_cancel(NULL);
    contest->op = belay_with_cancel(contest->parent);
    contest->has_canceled = false;
}

static void commit(void *arg)
{
    struct contest *contest = arg;
    contest->has_committed = belay_commit(contest->op);
}

static void cancel(void *arg)
{
    struct contest *contest = arg;
    contest->has_canceled = belay_cancel(contest->op);
}

static void cancel_parent(void *arg)
{
    struct contest *contest = arg;
    belay_cancel(contest->parent);
}

static void end(struct contest *contest)
{
    ++contest->wins[contest->has_committed];
    belay_end(contest->op);
    belay_end(contest->parent);
}

static void one_has_won(void *arg)
{
    struct contest *contest = arg;
    bool is_committed = belay_cause(contest->op)->code == BELAY_COMMITTED;
    CHECK(contest->has_committed == is_committed);
    CHECK(contest->has_canceled == !is_committed);
    end(contest);
}

static void the_cause_tells(void *arg)
{
    struct contest *contest = arg;
    bool is_committed = belay_cause(contest->op)->code == BELAY_COMMITTED;
    CHECK(contest->has_committed == is_committed);
    end(contest);
}

TEST(of_a_commit_and_a_cancel_exactly_one_wins)
{
    struct contest contest = {0};
    run_race((struct race){prepare, commit, cancel, one_has_won, &contest},
             RACES);
    run_race((struct race){prepare, cancel, commit, one_has_won, &contest},
             RACES);
    CHECK(contest.wins[false] > 0 && contest.wins[true] > 0);
}

TEST(a_commit_races_with_the_end_of_the_parent)
{
    struct contest contest = {0};
    run_race((struct race){prepare, commit, cancel_parent, the_cause_tells,
                           &contest},
             RACES);
    run_race((struct race){prepare, cancel_parent, commit, the_cause_tells,
                           &contest},
             RACES);
    CHECK(contest.wins[false] > 0 && contest.wins[true] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_commit_and_a_cancel_exactly_one_wins),
        cmocka_unit_test(a_commit_races_with_the_end_of_the_parent),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
