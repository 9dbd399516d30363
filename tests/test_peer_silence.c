/* SPDX-License-Identifier: MIT */
#include "sockets.h"

/* Peers of which nothing is heard any more. */

/* Two seconds are the least that can be asked for. */
TEST(a_peer_that_must_answer_and_is_silent_has_gone)
{
    struct ends ends = tcp_ends();
    CHECK(belay_peer_must_answer(ends.ours, 2 * BELAY_SECOND) == 0);
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);

    fall_silent(&ends);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -ETIMEDOUT);
    assert_string_equal(belay_cause(ctx)->text, "peer fell silent");
    belay_end(ctx);
    close_ends(ends);
}

TEST(a_peer_that_does_not_take_what_it_is_sent_is_silent)
{
    struct ends ends = tcp_ends();
    CHECK(belay_peer_must_answer(ends.ours, 2 * BELAY_SECOND) == 0);
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_PASSES);

    fall_silent(&ends);
    CHECK(send(ends.ours, "x", 1, 0) == 1);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -ETIMEDOUT);
    belay_end(ctx);
    close_ends(ends);
}

TEST(answers_can_be_asked_for_within_reason)
{
    struct ends tcp = tcp_ends();
    struct ends local = unix_ends();
    CHECK(belay_peer_must_answer(tcp.ours, 30 * BELAY_SECOND) == 0);
    CHECK(belay_peer_must_answer(tcp.ours, 40000 * BELAY_SECOND) == 0);
    CHECK(belay_peer_must_answer(local.ours, 30 * BELAY_SECOND) == 0);
    CHECK(belay_peer_must_answer(tcp.ours, BELAY_SECOND) == -EINVAL);
    CHECK(belay_peer_must_answer(tcp.ours, -1) == -EINVAL);
    CHECK(belay_peer_must_answer(tcp.ours, BELAY_FOREVER) == -EINVAL);
    CHECK(belay_peer_must_answer(-1, 30 * BELAY_SECOND) == -EBADF);
    CHECK(belay_peer_must_answer(STDIN_FILENO, 30 * BELAY_SECOND) == -ENOTSOCK);
    close_ends(tcp);
    close_ends(local);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_must_answer_and_is_silent_has_gone),
        cmocka_unit_test(a_peer_that_does_not_take_what_it_is_sent_is_silent),
        cmocka_unit_test(answers_can_be_asked_for_within_reason),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
