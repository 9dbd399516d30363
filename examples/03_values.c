/*
 * A value that travels with a request, and is destroyed with it.
 *
 *     cc 03_values.c -lbelay && ./a.out
 */
#define _POSIX_C_SOURCE 200809L
#include <belay/belay.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(void *id)
{
    printf("%s: forgotten\n", (char *)id);
    free(id);
}

/* The address is the key, so that nobody else's can be the same. */
static const struct belay_key request_id = {"request_id", forget};

static void note(const belay_ctx *ctx, const char *text)
{
    void *id;
    if (!belay_value(ctx, &request_id, &id) || id == NULL)
        id = "-";
    printf("%s: %s\n", (char *)id, text);
}

/* Knows nothing of requests; its notes carry the number all the same. */
static void query(const belay_ctx *ctx)
{
    belay_ctx *limited = belay_with_timeout(ctx, 1 * BELAY_SECOND);
    note(limited, "querying");
    belay_end(limited);
}

int main(void)
{
    note(NULL, "starting");

    belay_ctx *request = belay_with_value(NULL, &request_id, strdup("r-17"));
    query(request);
    note(request, "answered");
    belay_end(request);

    note(NULL, "stopping");
    return 0;
}
