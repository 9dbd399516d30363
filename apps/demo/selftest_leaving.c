/* SPDX-License-Identifier: MIT */

/* Clients that leave, with a context and without. */

#include "selftest.h"

#include "client.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 8 };

static double ms(int64_t ns)
{
    return (double)ns / (double)BELAY_MILLISECOND;
}

static bool is_over(const struct lane *lane)
{
    bool is_over = lane->done != 0;
    for (int i = 0; i < PARTS; ++i)
        is_over = is_over && lane->part[i].stopped != 0;
    return is_over;
}

static int64_t cpu_for_nobody(const struct lane *lane)
{
    int64_t sum = 0;
    for (int i = 0; i < PARTS; ++i)
        sum += lane->part[i].cpu_nobody;
    return sum;
}

/* How long the last of its parts went on after the client. */
static belay_duration lateness(const struct lane *lane)
{
    belay_time last = 0;
    for (int i = 0; i < PARTS; ++i)
        last = lane->part[i].stopped > last ? lane->part[i].stopped : last;
    return last - lane->left;
}

/* Asks, leaves after 200 ms, and returns what became of it. */
static struct lane ask_and_leave(struct server *server, const char *what,
                                 belay_time *ret_closed)
{
    unsigned before = selftest_newest(server).id;
    int fd = client_connect(server->port);
    client_ask(fd, what);
    belay_sleep(NULL, 200 * BELAY_MILLISECOND);
    *ret_closed = belay_now();
    close(fd);

    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_SECOND);
    struct lane lane;
    do
        lane = selftest_newest(server);
    while ((lane.id == before || !is_over(&lane)) &&
           belay_sleep(ctx, BELAY_MILLISECOND) == 0);
    belay_end(ctx);
    return lane;
}

static int shorter_first(const void *one, const void *two)
{
    int64_t a = *(const int64_t *)one;
    int64_t b = *(const int64_t *)two;
    return (a > b) - (a < b);
}

/* After the client: when it was noticed, tier 2 told, and the parts stopped. */
enum { NOTICED, TOLD, STOPPED, AFTERS = STOPPED + PARTS };

static void note(int64_t (*afters)[ROUNDS], int round, const struct lane *lane,
                 belay_time closed)
{
    afters[NOTICED][round] = lane->left - closed;
    afters[TOLD][round] = lane->part[HOP].told - closed;
    for (int i = 0; i < PARTS; ++i)
        afters[STOPPED + i][round] = lane->part[i].stopped - closed;
}

static void print_middles(int64_t (*afters)[ROUNDS])
{
    static const char *const names[AFTERS] = {
        "noticed", "tier 2 told", "database stopped", "hop", "child"};
    printf("      p50 after the client left:");
    for (int i = 0; i < AFTERS; ++i) {
        qsort(afters[i], ROUNDS, sizeof **afters, shorter_first);
        printf("%s %s %.2f ms", i > 0 ? "," : "", names[i],
               ms(afters[i][ROUNDS / 2]));
    }
    putchar('\n');
}

static bool closing_stops_all_parts(struct server *server)
{
    int64_t afters[AFTERS][ROUNDS];
    int64_t most_cpu = 0;
    int64_t latest = 0;
    bool has_stopped = true;
    for (int i = 0; i < ROUNDS; ++i) {
        belay_time closed;
        struct lane lane = ask_and_leave(
            server, "GET /query?budget=30000&work=20000&context=on", &closed);
        int64_t late = lateness(&lane);
        int64_t cpu = cpu_for_nobody(&lane);
        most_cpu = cpu > most_cpu ? cpu : most_cpu;
        latest = late > latest ? late : latest;
        note(afters, i, &lane, closed);
        has_stopped = has_stopped && is_over(&lane) &&
                      lane.err == BELAY_CANCELED &&
                      (lane.code == -EPIPE || lane.code == -ECONNRESET);
    }
    bool is_fine = say(has_stopped && most_cpu < 50 * BELAY_MILLISECOND,
                       "ON: %d clients left; at most %.3f CPU-ms for nobody, "
                       "stopped after at most %.2f ms",
                       ROUNDS, ms(most_cpu), ms(latest));
    print_middles(afters);
    return is_fine;
}

static bool without_a_context_it_runs_on(struct server *server)
{
    belay_time closed;
    struct lane lane = ask_and_leave(
        server, "GET /query?budget=30000&work=1500&context=off", &closed);
    return say(lane.done != 0 &&
                   cpu_for_nobody(&lane) > 1000 * BELAY_MILLISECOND,
               "OFF: a client left; %.0f CPU-ms for nobody",
               ms(cpu_for_nobody(&lane)));
}

bool selftest_leaving(struct server *server)
{
    bool is_fine = closing_stops_all_parts(server);
    return without_a_context_it_runs_on(server) && is_fine;
}
