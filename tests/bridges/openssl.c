/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: openssl
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/openssl.c"
#undef main

static SSL_CTX *settings;
static int ends[2];

static SSL *connect_to_silence(void)
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    SSL *ssl = SSL_new(settings);
    SSL_set_fd(ssl, ends[0]);
    SSL_set_connect_state(ssl);
    return ssl;
}

static void disconnect(SSL *ssl)
{
    SSL_free(ssl);
    close(ends[0]);
    close(ends[1]);
}

TEST(an_end_interrupts_a_handshake)
{
    SSL *ssl = connect_to_silence();
    belay_ctx *ctx = soon();

    int err = shake_hands(ctx, ssl);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"OpenSSL: TLS", OPENSSL_VERSION_STR,
                            "waits on a descriptor",
                            "`belay_poll()` on the socket, which does not "
                            "block",
                            "the computing of a handshake, below a few "
                            "milliseconds",
                            "nothing; the session cannot be used again"},
              within);
    belay_end(ctx);
    disconnect(ssl);
}

TEST(an_ended_context_sends_nothing)
{
    SSL *ssl = connect_to_silence();
    belay_ctx *ctx = already();

    CHECK(shake_hands(ctx, ssl) == BELAY_CANCELED);

    CHECK(!is_readable(ends[1]));
    belay_end(ctx);
    disconnect(ssl);
}

TEST(a_peer_that_leaves_is_an_error_of_its_own)
{
    SSL *ssl = connect_to_silence();
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(shutdown(ends[1], SHUT_WR) == 0);

    CHECK(shake_hands(ctx, ssl) == -EPROTO);

    belay_end(ctx);
    disconnect(ssl);
}

int main(void)
{
    watchdog();
    settings = SSL_CTX_new(TLS_client_method());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_interrupts_a_handshake),
        cmocka_unit_test(an_ended_context_sends_nothing),
        cmocka_unit_test(a_peer_that_leaves_is_an_error_of_its_own),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    SSL_CTX_free(settings);
    return failed;
}
