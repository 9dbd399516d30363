/*
 * Four threads want the same thing: it is fetched once.
 *
 *     cc -pthread flight.c -lbelay && ./a.out
 */
#include <belay/flight.h>
#include <belay/group.h>

#include <stdio.h>
#include <stdlib.h>

/* What it brings follows from the key alone. */
static int fetch(const belay_ctx *ctx, const void *key, size_t size, void *arg,
                 void **ret_result)
{
    (void)arg;
    int err = belay_sleep(ctx, 100 * BELAY_MILLISECOND);
    char *page = err == 0 ? malloc(64) : NULL;
    if (page == NULL)
        return err != 0 ? err : -ENOMEM;
    snprintf(page, 64, "the page %.*s", (int)size, (const char *)key);
    *ret_result = page;
    return 0;
}

static int show(const belay_ctx *ctx, void *flights)
{
    struct belay_flight *flight;
    int err = belay_flight_join(ctx, flights, "index", 5, &flight);
    if (err < 0)
        return err;
    printf("%s\n", (char *)flight->result);
    belay_flight_leave(flight);
    return 0;
}

int main(void)
{
    const struct belay_flight_plan plan = {fetch, NULL, free};
    belay_flights *flights = belay_flights_start(&plan);
    belay_group *group = belay_group_start(NULL, NULL);
    for (int i = 0; i < 4; ++i)
        belay_group_go(group, show, flights);
    int err = belay_group_wait(group);
    belay_group_end(group);
    belay_flights_end(flights);
    return err != 0;
}
