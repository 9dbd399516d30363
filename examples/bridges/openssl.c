/*
 * OpenSSL shakes hands until a context ends: a descriptor that does not block,
 * and belay_poll().  SSL_read() and SSL_write() go the same way.
 *
 * pkg-config: openssl
 *
 *     cc openssl.c $(pkg-config --cflags --libs openssl belay) && ./a.out
 */
#include <belay/belay.h>

#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>

static int shake_hands(const belay_ctx *ctx, SSL *ssl)
{
    int err = belay_err(ctx);
    while (err >= 0) {
        int result = SSL_do_handshake(ssl);
        if (result == 1)
            return 0;
        struct pollfd asked = {SSL_get_fd(ssl), POLLIN, 0};
        int wanted = SSL_get_error(ssl, result);
        if (wanted == SSL_ERROR_WANT_WRITE)
            asked.events = POLLOUT;
        else if (wanted != SSL_ERROR_WANT_READ)
            return -EPROTO;
        err = belay_poll(ctx, &asked, 1, -1);
    }
    return err;
}

int main(void)
{
    int ends[2]; /* with a peer that says nothing */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
        return 1;
    SSL_CTX *settings = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(settings);
    SSL_set_fd(ssl, ends[0]);
    SSL_set_connect_state(ssl);

    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    printf("handshake: %s\n", belay_strerror(shake_hands(ctx, ssl)));
    belay_end(ctx);

    SSL_free(ssl);
    SSL_CTX_free(settings);
    return 0;
}
