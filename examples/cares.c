/*
 * A look-up by c-ares, which stops when its context ends and needs no thread.
 *
 *     cc cares.c $(pkg-config --cflags --libs belay-cares) && ./a.out
 */
#define _POSIX_C_SOURCE 200809L /* struct addrinfo */

#include <belay/cares.h>

#include <netdb.h>
#include <stdio.h>

static void look_up(const belay_ctx *ctx, const char *host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int err = belay_cares_resolve(ctx, NULL, host, "80", &hints, &list);
    if (err != 0) {
        printf("%s: %s\n", host, belay_strerror(err));
        return;
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        char text[64];
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0)
            printf("%s: %s\n", host, text);
    }
    belay_resolve_free(list);
}

int main(int argc, char **argv)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);

    look_up(ctx, argc > 1 ? argv[1] : "127.0.0.1");

    belay_cancel(ctx);
    look_up(ctx, "too.late.example");
    belay_end(ctx);
    return 0;
}
