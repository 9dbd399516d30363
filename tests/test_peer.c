/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <signal.h>
#include <sys/prctl.h>

/* How a peer goes, and what its context says. */

static const struct {
    struct ends (*make)(void);
    void (*go)(struct ends *ends);
    int code;
    const char *text;
} ways_to_go[] = {
    {tcp_ends, hang_up, -EPIPE, "peer closed the connection"},
    {tcp_ends, break_off, -ECONNRESET, "peer reset the connection"},
    {tcp_ends, send_no_more, -EPIPE, "peer closed the connection"},
    {unix_ends, hang_up, -EPIPE, "peer closed the connection"},
    {unix_ends, send_no_more, -EPIPE, "peer closed the connection"},
};

TEST(a_peer_that_goes_ends_its_context_and_says_how)
{
    for (size_t i = 0; i < LENGTH(ways_to_go); ++i) {
        struct ends ends = ways_to_go[i].make();
        belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
        CHECK(belay_err(ctx) == 0);

        ways_to_go[i].go(&ends);

        CHECK(belay_wait(ctx) == BELAY_CANCELED);
        CHECK(code_of(ctx) == ways_to_go[i].code);
        assert_string_equal(belay_cause(ctx)->text, ways_to_go[i].text);
        belay_end(ctx);
        close_ends(ends);
    }
}

TEST(a_peer_that_has_gone_already_gives_a_context_that_has_ended)
{
    for (size_t i = 0; i < LENGTH(ways_to_go); ++i) {
        struct ends ends = ways_to_go[i].make();
        ways_to_go[i].go(&ends);

        belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);

        CHECK(belay_err(ctx) == BELAY_CANCELED);
        CHECK(code_of(ctx) == ways_to_go[i].code);
        belay_end(ctx);
        close_ends(ends);
    }
}

TEST(unread_bytes_do_not_hide_that_the_peer_has_gone)
{
    for (size_t i = 0; i < LENGTH(ways_to_go); ++i) {
        struct ends ends = ways_to_go[i].make();
        CHECK(send(ends.theirs, "GET", 3, 0) == 3);
        belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
        CHECK(send(ends.theirs, "POST", 4, 0) == 4);

        ways_to_go[i].go(&ends);

        CHECK(belay_wait(ctx) == BELAY_CANCELED);
        CHECK(code_of(ctx) == ways_to_go[i].code);
        belay_end(ctx);
        close_ends(ends);
    }
}

TEST(bytes_that_only_arrive_end_nothing)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);

    CHECK(send(ends.theirs, "x", 1, 0) == 1);
    let_the_watcher_catch_up();

    CHECK(belay_err(ctx) == 0);
    belay_end(ctx);
    close_ends(ends);
}

TEST(what_the_peer_sent_before_it_went_can_still_be_read)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    CHECK(send(ends.theirs, "last words", 10, 0) == 10);
    hang_up(&ends);
    belay_wait(ctx);

    char data[16];
    CHECK(recv(ends.ours, data, sizeof data, 0) == 10);

    CHECK(recv(ends.ours, data, sizeof data, 0) == 0);
    belay_end(ctx);
    close_ends(ends);
}

TEST(the_error_of_the_socket_is_left_to_its_reader)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    break_off(&ends);
    belay_wait(ctx);

    char data;
    CHECK(recv(ends.ours, &data, 1, 0) == -1);

    CHECK(errno == ECONNRESET);
    belay_end(ctx);
    close_ends(ends);
}

TEST(a_peer_that_only_stops_sending_may_be_let_pass)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_PASSES);

    send_no_more(&ends);
    let_the_watcher_catch_up();
    CHECK(belay_err(ctx) == 0);

    break_off(&ends);
    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -ECONNRESET);
    belay_end(ctx);
    close_ends(ends);
}

TEST(a_unix_peer_that_closes_has_gone_also_where_half_of_that_passes)
{
    struct ends ends = unix_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_PASSES);
    send_no_more(&ends);
    let_the_watcher_catch_up();
    CHECK(belay_err(ctx) == 0);

    hang_up(&ends);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -EPIPE);
    belay_end(ctx);
    close_ends(ends);
}

TEST(a_unix_peer_that_leaves_words_unread_has_broken_off)
{
    struct ends ends = unix_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    CHECK(send(ends.ours, "x", 1, 0) == 1);

    hang_up(&ends);

    CHECK(belay_wait(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -ECONNRESET);
    belay_end(ctx);
    close_ends(ends);
}

/* --- As any other context ------------------------------------------------- */

TEST(it_ends_with_its_parent_and_has_its_cause)
{
    struct ends ends = tcp_ends();
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *ctx = belay_with_peer(parent, ends.ours, BELAY_FIN_ENDS);

    belay_cancel_cause(parent, -ESHUTDOWN, "server stopping");

    CHECK(code_of(ctx) == -ESHUTDOWN);
    belay_end(ctx);
    belay_end(parent);
    close_ends(ends);
}

TEST(below_an_ended_parent_it_is_born_ended_and_asks_nothing_of_the_socket)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_cancel_cause(parent, -ESHUTDOWN, "server stopping");

    belay_ctx *ctx = belay_with_peer(parent, -1, BELAY_FIN_ENDS);

    CHECK(code_of(ctx) == -ESHUTDOWN);
    belay_end(ctx);
    belay_end(parent);
}

TEST(the_cause_names_the_place_that_asked)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctx =
        belay_with_peer_at(NULL, ends.ours, BELAY_FIN_ENDS, "here.c:7");
    hang_up(&ends);
    belay_wait(ctx);

    assert_string_equal(belay_cause(ctx)->where, "here.c:7");

    belay_end(ctx);
    close_ends(ends);
}

struct witness {
    char name[16];
    sigset_t blocked;
};

static void look_around(void *arg, int err)
{
    struct witness *witness = arg;
    (void)err;
    prctl(PR_GET_NAME, witness->name);
    pthread_sigmask(SIG_BLOCK, NULL, &witness->blocked);
}

TEST(watches_are_told_on_a_thread_of_that_name_that_no_signal_meets)
{
    struct ends ends = tcp_ends();
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    struct witness witness;
    struct belay_watch watch;
    CHECK(belay_watch(ctx, &watch, look_around, &witness));

    hang_up(&ends);
    belay_wait(ctx);
    CHECK(!belay_unwatch(&watch));

    assert_string_equal(witness.name, "belay-peer");
    CHECK(sigismember(&witness.blocked, SIGTERM) == 1);
    CHECK(sigismember(&witness.blocked, SIGINT) == 1);
    belay_end(ctx);
    close_ends(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_goes_ends_its_context_and_says_how),
        cmocka_unit_test(
            a_peer_that_has_gone_already_gives_a_context_that_has_ended),
        cmocka_unit_test(unread_bytes_do_not_hide_that_the_peer_has_gone),
        cmocka_unit_test(bytes_that_only_arrive_end_nothing),
        cmocka_unit_test(what_the_peer_sent_before_it_went_can_still_be_read),
        cmocka_unit_test(the_error_of_the_socket_is_left_to_its_reader),
        cmocka_unit_test(a_peer_that_only_stops_sending_may_be_let_pass),
        cmocka_unit_test(
            a_unix_peer_that_closes_has_gone_also_where_half_of_that_passes),
        cmocka_unit_test(a_unix_peer_that_leaves_words_unread_has_broken_off),
        cmocka_unit_test(it_ends_with_its_parent_and_has_its_cause),
        cmocka_unit_test(
            below_an_ended_parent_it_is_born_ended_and_asks_nothing_of_the_socket),
        cmocka_unit_test(the_cause_names_the_place_that_asked),
        cmocka_unit_test(
            watches_are_told_on_a_thread_of_that_name_that_no_signal_meets),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
