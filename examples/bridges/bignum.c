/*
 * OpenSSL looks for a prime until a context ends: its callback may stop it.
 *
 * pkg-config: libcrypto
 *
 *     cc bignum.c $(pkg-config --cflags --libs libcrypto belay) && ./a.out
 */
#include <belay/belay.h>

#include <openssl/bn.h>
#include <stdio.h>

static int go_on(int step, int count, BN_GENCB *callback)
{
    (void)step, (void)count;
    return !belay_stopped(BN_GENCB_get_arg(callback));
}

static int find_safe_prime(const belay_ctx *ctx, int bits, BIGNUM *prime)
{
    BN_GENCB *callback = BN_GENCB_new();
    if (callback == NULL)
        return -ENOMEM;
    BN_GENCB_set(callback, go_on, (void *)ctx);
    int err = belay_err(ctx);
    if (err == 0 && !BN_generate_prime_ex(prime, bits, 1, NULL, NULL, callback))
        err = belay_err(ctx) != 0 ? belay_err(ctx) : -EINVAL;
    BN_GENCB_free(callback);
    return err;
}

int main(void)
{
    BIGNUM *prime = BN_new();
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    int err = find_safe_prime(ctx, 4096, prime);
    printf("prime: %s\n", belay_strerror(err));
    belay_end(ctx);
    BN_free(prime);
    return 0;
}
