/* SPDX-License-Identifier: MIT */
/*
 * pkg-config: libcrypto
 */
#include "bridge.h"

#define main example_main
#include "../../examples/bridges/bignum.c"
#undef main

#include <openssl/opensslv.h>

/* Of a safe prime of that many bits the search goes on for minutes. */
TEST(an_end_stops_the_search_for_a_prime)
{
    BIGNUM *prime = BN_new();
    belay_ctx *ctx = soon();

    int err = find_safe_prime(ctx, 4096, prime);
    belay_duration within = since_end(ctx);

    CHECK(err == BELAY_DEADLINE_EXCEEDED);
    print_row(&(struct row){"OpenSSL: primes, keys", OPENSSL_VERSION_STR,
                            "asks",
                            "a `BN_GENCB` asks `belay_stopped()` for each "
                            "candidate and each round of its test",
                            "a round in progress", "nothing: it is short"},
              within);
    belay_end(ctx);
    BN_free(prime);
}

TEST(a_live_context_gets_its_prime)
{
    BIGNUM *prime = BN_new();
    belay_ctx *ctx = belay_with_cancel(NULL);
    CHECK(find_safe_prime(ctx, 64, prime) == 0);
    CHECK(BN_num_bits(prime) == 64);
    belay_end(ctx);
    BN_free(prime);
}

TEST(an_ended_context_looks_for_nothing)
{
    belay_ctx *ctx = already();
    BIGNUM *prime = BN_new();
    CHECK(find_safe_prime(ctx, 64, prime) == BELAY_CANCELED);
    CHECK(BN_is_zero(prime));
    BN_free(prime);
    belay_end(ctx);
}

int main(void)
{
    watchdog();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_stops_the_search_for_a_prime),
        cmocka_unit_test(a_live_context_gets_its_prime),
        cmocka_unit_test(an_ended_context_looks_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
