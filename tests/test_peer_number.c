/* SPDX-License-Identifier: MIT */
#include "sockets.h"

/* The number of a descriptor is soon somebody else's: nobody is told of what
   happens to a socket that he does not have. */

static belay_ctx *with_peer(struct ends ends)
{
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    CHECK(belay_err(ctx) == 0);
    return ctx;
}

TEST(what_happens_to_a_socket_after_its_context_has_ended_is_nobodys)
{
    struct ends first = tcp_ends();
    belay_end(with_peer(first));
    int kept = dup(first.ours); /* so that the connection lives on */
    close(first.ours);
    struct ends second = tcp_ends();
    CHECK(second.ours == first.ours);
    belay_ctx *ctx = with_peer(second);

    hang_up(&first);
    let_the_watcher_catch_up();

    CHECK(belay_err(ctx) == 0);
    belay_end(ctx);
    close_ends(second);
    close(kept);
}

TEST(a_context_that_outlives_its_socket_is_not_told_of_the_next_one)
{
    struct ends first = tcp_ends();
    belay_ctx *late = with_peer(first);
    close_ends(first);
    struct ends second = tcp_ends();
    CHECK(second.ours == first.ours);
    belay_ctx *ctx = with_peer(second);

    hang_up(&second);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(belay_err(late) == 0);
    belay_end(ctx);
    belay_end(late);
    close_ends(second);
}

TEST(a_context_that_ends_after_its_socket_leaves_the_next_one_watched)
{
    struct ends first = tcp_ends();
    belay_ctx *late = with_peer(first);
    close_ends(first);
    struct ends second = tcp_ends();
    CHECK(second.ours == first.ours);
    belay_ctx *ctx = with_peer(second);

    belay_end(late);
    hang_up(&second);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -EPIPE);
    belay_end(ctx);
    close_ends(second);
}

/* The old file is open still, under another number: it stays in the set. */
TEST(a_socket_that_lives_on_under_another_number_cancels_nobody)
{
    struct ends first = tcp_ends();
    belay_ctx *late = with_peer(first);
    int kept = dup(first.ours);
    close(first.ours);
    struct ends second = tcp_ends();
    belay_ctx *ctx = with_peer(second);
    belay_end(late);

    hang_up(&first);
    let_the_watcher_catch_up();

    CHECK(belay_err(ctx) == 0);
    belay_end(ctx);
    close_ends(second);
    close(kept);
}

TEST(a_socket_may_come_back_to_its_number)
{
    struct ends ends = tcp_ends();
    belay_ctx *early = with_peer(ends);
    int kept = dup(ends.ours);
    close(ends.ours);
    belay_end(early); /* too late to be taken out of the set */
    CHECK(dup2(kept, ends.ours) == ends.ours);
    belay_ctx *ctx = with_peer(ends);

    hang_up(&ends);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    belay_end(ctx);
    close_ends(ends);
    close(kept);
}

/* --- Many contexts of a socket -------------------------------------------- */

TEST(all_contexts_of_a_socket_are_told)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctxs[] = {with_peer(ends), with_peer(ends), with_peer(ends)};

    hang_up(&ends);

    for (size_t i = 0; i < LENGTH(ctxs); ++i) {
        CHECK(belay_wait(ctxs[i]) == BELAY_CANCELED);
        CHECK(code_of(ctxs[i]) == -EPIPE);
    }
    for (size_t i = 0; i < LENGTH(ctxs); ++i)
        belay_end(ctxs[i]);
    close_ends(ends);
}

TEST(the_end_of_one_context_leaves_the_socket_to_the_others)
{
    for (size_t ended = 0; ended < 2; ++ended) {
        struct ends ends = tcp_ends();
        belay_ctx *ctxs[] = {with_peer(ends), with_peer(ends)};

        belay_end(ctxs[ended]);
        hang_up(&ends);

        CHECK(belay_wait(ctxs[1 - ended]) == BELAY_CANCELED);
        belay_end(ctxs[1 - ended]);
        close_ends(ends);
    }
}

TEST(contexts_of_a_socket_may_differ_in_what_they_let_pass)
{
    struct ends ends = tcp_ends();
    belay_ctx *lenient = belay_with_peer(NULL, ends.ours, BELAY_FIN_PASSES);
    belay_ctx *strict = with_peer(ends);

    send_no_more(&ends);
    CHECK(belay_wait(strict) == BELAY_CANCELED);
    CHECK(belay_err(lenient) == 0);

    break_off(&ends);
    CHECK(belay_wait(lenient) == BELAY_CANCELED);
    CHECK(code_of(lenient) == -ECONNRESET);
    belay_end(strict);
    belay_end(lenient);
    close_ends(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_happens_to_a_socket_after_its_context_has_ended_is_nobodys),
        cmocka_unit_test(
            a_context_that_outlives_its_socket_is_not_told_of_the_next_one),
        cmocka_unit_test(
            a_context_that_ends_after_its_socket_leaves_the_next_one_watched),
        cmocka_unit_test(
            a_socket_that_lives_on_under_another_number_cancels_nobody),
        cmocka_unit_test(a_socket_may_come_back_to_its_number),
        cmocka_unit_test(all_contexts_of_a_socket_are_told),
        cmocka_unit_test(
            the_end_of_one_context_leaves_the_socket_to_the_others),
        cmocka_unit_test(contexts_of_a_socket_may_differ_in_what_they_let_pass),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
