/*
 * A tree of contexts: an end reaches everything below it, and nothing else.
 *
 *     cc 02_cancel_tree.c -lbelay && ./a.out
 */
#include <belay/belay.h>

#include <stdio.h>

static void show(const char *name, const belay_ctx *ctx)
{
    const struct belay_cause *cause = belay_cause(ctx);
    if (cause == NULL)
        printf("  %-8s live\n", name);
    else
        printf("  %-8s %s, by %s: %s\n", name, belay_strerror(belay_err(ctx)),
               cause->where, cause->text);
}

int main(void)
{
    belay_ctx *server = belay_with_cancel(NULL);
    belay_ctx *request = belay_with_timeout(server, 10 * BELAY_SECOND);
    belay_ctx *query = belay_with_cancel(request);
    belay_ctx *other = belay_with_cancel(server);

    belay_cancel_cause(request, 0, "client %d hung up", 7);
    printf("one request canceled:\n");
    show("server", server);
    show("request", request);
    show("query", query);
    show("other", other);

    belay_cancel(server); /* whoever has ended keeps the first cause */
    printf("the whole server canceled:\n");
    show("query", query);
    show("other", other);

    char line[512];
    belay_explain(query, line, sizeof line);
    fprintf(stderr, "%s\n", line); /* has the time in it */

    belay_end(other);
    belay_end(query);
    belay_end(request);
    belay_end(server);
    return 0;
}
