/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/commit.h>

/* Of committing and canceling, one wins. */

TEST(who_commits_a_live_operation_wins)
{
    belay_ctx *op = belay_with_cancel(NULL);

    CHECK(belay_commit_at(op, "here.c:1"));

    CHECK(!belay_cancel(op));
    CHECK(belay_cause(op)->code == BELAY_COMMITTED);
    assert_string_equal(belay_cause(op)->text, "committed");
    assert_string_equal(belay_cause(op)->where, "here.c:1");
    belay_end(op);
}

TEST(an_operation_is_committed_once)
{
    belay_ctx *op = belay_with_cancel(NULL);

    CHECK(belay_commit(op));
    CHECK(!belay_commit(op));

    belay_end(op);
}

TEST(what_has_ended_cannot_be_committed)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *canceled = belay_with_cancel(NULL);
    belay_ctx *orphan = belay_with_cancel(parent);
    belay_ctx *late = belay_with_timeout(NULL, 0);
    belay_cancel(canceled);
    belay_cancel_cause(parent, -EPIPE, "client left");

    CHECK(!belay_commit(canceled) && !belay_commit(orphan));
    CHECK(!belay_commit(late));

    CHECK(belay_cause(orphan)->code == -EPIPE);
    CHECK(belay_err(late) == BELAY_DEADLINE_EXCEEDED);
    belay_end(late);
    belay_end(orphan);
    belay_end(canceled);
    belay_end(parent);
}

TEST(the_end_of_the_parent_comes_too_late)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *op = belay_with_cancel(parent);
    CHECK(belay_commit(op));

    CHECK(belay_cancel(parent));

    CHECK(belay_cause(op)->code == BELAY_COMMITTED);
    belay_end(op);
    belay_end(parent);
}

TEST(what_goes_on_after_a_commit_has_the_values_and_not_the_end)
{
    static const struct belay_key key = {"key", NULL};
    int value;
    void *found = NULL;
    belay_ctx *request = belay_with_value(NULL, &key, &value);
    belay_ctx *op = belay_with_cancel(request);
    CHECK(belay_commit(op));

    belay_ctx *rest = belay_without_cancel(op);

    CHECK(belay_err(rest) == 0);
    CHECK(belay_value(rest, &key, &found) && found == &value);
    belay_end(rest);
    belay_end(op);
    belay_end(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_commits_a_live_operation_wins),
        cmocka_unit_test(an_operation_is_committed_once),
        cmocka_unit_test(what_has_ended_cannot_be_committed),
        cmocka_unit_test(the_end_of_the_parent_comes_too_late),
        cmocka_unit_test(
            what_goes_on_after_a_commit_has_the_values_and_not_the_end),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
