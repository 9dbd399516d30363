/*
 * Three jobs at once: the first that fails stops the others.
 *
 *     cc group.c -lbelay && ./a.out
 */
#include <belay/group.h>

#include <stdio.h>

static int fetch(const belay_ctx *ctx, void *arg)
{
    (void)arg;
    return belay_sleep(ctx, BELAY_MINUTE); /* what takes long */
}

static int parse(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    return belay_group_fail(-EINVAL, "%s has no end", (const char *)arg);
}

int main(void)
{
    const struct belay_group_rules four_at_once = {.limit = 4};
    belay_group *group = belay_group_start(NULL, &four_at_once);
    belay_group_go(group, fetch, "left");
    belay_group_go(group, fetch, "right");
    belay_group_go(group, parse, "line 7");

    int err = belay_group_wait(group);

    const struct belay_failure *failure = belay_group_failures(group);
    if (err != 0 && failure != NULL)
        printf("%s: %s (%s)\n", failure->where, failure->text,
               belay_strerror(failure->code));
    belay_group_end(group);
    return 0;
}
