/* SPDX-License-Identifier: MIT */

/*
 * peer: of many watched sockets, one after the other is closed by its peer:
 * from close() until the context has ended and a watch is told; and what it
 * takes to watch one and stop.
 */

#include "belay_node.h"

#include <belay/peer.h>

#include <semaphore.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { CLOSED = 4000 };

struct connection {
    int ours, theirs;
    belay_ctx *ctx;
    struct belay_watch watch;
};

static sem_t noticed;
static int64_t when_told;

static void note(void *arg, int err)
{
    (void)arg;
    (void)err;
    when_told = wall_ns();
    sem_post(&noticed);
}

static void connect_ends(struct connection *connection)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        perror("bench_peer: this many descriptors cannot be had");
        exit(1);
    }
    connection->ours = fds[0];
    connection->theirs = fds[1];
}

static void time_notices(struct connection *all, size_t n, const char *key)
{
    size_t count = n < CLOSED ? n : CLOSED;
    int64_t *took = touched(count, sizeof *took);
    for (size_t i = 0; i < count; ++i) {
        struct connection *one = &all[i * (n / count)];
        int64_t begin = wall_ns();
        close(one->theirs);
        while (sem_wait(&noticed) != 0)
            ;
        took[i] = when_told - begin;
    }
    report_spread(key, "us", took, count, 1000);
    free(took);
}

/* As many of `wanted` connections as this process may have. */
static size_t most_of(size_t wanted)
{
    rlim_t needed = 2 * wanted + 100;
    const struct rlimit enough = {needed, needed};
    struct rlimit limit;
    if (setrlimit(RLIMIT_NOFILE, &enough) == 0)
        return wanted;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return (limit.rlim_max - 100) / 2 < wanted ? (limit.rlim_max - 100) / 2
                                               : wanted;
}

static void ask(size_t wanted, const char *key)
{
    size_t n = most_of(wanted);
    sem_init(&noticed, 0, 0);
    struct connection *all = touched(n, sizeof *all);
    struct lap lap = {0, 0};
    for (size_t i = 0; i < n; ++i)
        connect_ends(&all[i]);
    for (size_t i = 0; i < n; ++i) {
        memset(&all[i].watch, 0, sizeof all[i].watch);
        lap_begin(&lap);
        all[i].ctx = belay_with_peer(NULL, all[i].ours, BELAY_FIN_ENDS);
        lap_end(&lap);
        if (!belay_watch(all[i].ctx, &all[i].watch, note, NULL))
            exit(1);
    }
    time_notices(all, n, key);
    for (size_t i = 0; i < n; ++i) {
        lap_begin(&lap);
        belay_end(all[i].ctx);
        lap_end(&lap);
    }
    char rest[64];
    snprintf(rest, sizeof rest, "%s.watch_and_end", key);
    report_lap(rest, &lap, n);
    snprintf(rest, sizeof rest, "%s.sockets", key);
    report(rest, "count", (double)n);
}

static void ask_few(size_t n)
{
    ask(n, "peer.notice_100");
}

static void ask_many(size_t n)
{
    ask(n, "peer.notice_100k");
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {
        {"peer.notice_100", ask_few, 100},
        {"peer.notice_100k", ask_many, 100000},
    };
    return ANSWER(argc, argv, belay_version(), questions);
}
