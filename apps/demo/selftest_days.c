/* SPDX-License-Identifier: MIT */

/* Bad days: clients, networks and disks that do what they should not. */

#include "selftest.h"

#include "client.h"
#include "listen.h"
#include "server.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A pool of connections to a database keeps some, once they were needed. */
enum { KEPT = 8, CROWD = 200, VISITORS = 1000, REPLY = 2000 };

static int descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        ++count;
    if (dir != NULL)
        closedir(dir);
    return count;
}

/* Waits for the server to close what its clients have closed. */
static bool come_back_to(int before)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    while (descriptors() > before &&
           belay_sleep(ctx, 5 * BELAY_MILLISECOND) == 0)
        continue;
    bool is_back = belay_err(ctx) == 0;
    belay_end(ctx);
    return is_back;
}

static void reset(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
               sizeof(struct linger));
    close(fd);
}

static bool serves_on(struct server *server)
{
    char data[REPLY];
    return selftest_ask(server, "GET /query?work=10", data) == 200;
}

/* --- Clients -------------------------------------------------------------- */

static bool slow_heads_keep_nobody_out(struct server *server)
{
    int fds[CROWD];
    for (int i = 0; i < CROWD; ++i) {
        fds[i] = client_connect(server->port);
        send(fds[i], "GET /query?wo", 13, MSG_NOSIGNAL);
    }
    bool is_fine = serves_on(server);
    for (int i = 0; i < CROWD; ++i)
        close(fds[i]);
    return say(is_fine, "%d heads that never end: it serves on", CROWD);
}

static bool bodies_may_break_off(struct server *server)
{
    static const char head[] = "POST /storm HTTP/1.1\r\nHost: here\r\n"
                               "Content-Length: 100000\r\n\r\nand then";
    for (int i = 0; i < 20; ++i) {
        int fd = client_connect(server->port);
        send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
        reset(fd);
    }
    return say(serves_on(server), "20 bodies broken off: it serves on");
}

static bool visitors_may_vanish(struct server *server)
{
    int before = descriptors();
    for (int i = 0; i < VISITORS; ++i) {
        int fd = client_connect(server->port);
        if (fd >= 0)
            (i % 2 == 0 ? (void)close(fd) : reset(fd));
    }
    bool is_fine = serves_on(server) && come_back_to(before);
    return say(is_fine, "%d connections that open and vanish: none is left",
               VISITORS);
}

static int parts_at_work(struct server *server)
{
    int count = 0;
    for (unsigned id = 1;; ++id) {
        struct lane lane;
        if (!lanes_copy(&server->lanes, id, &lane))
            return count;
        for (int i = 0; i < PARTS; ++i)
            count += lane.part[i].stopped == 0;
    }
}

static bool a_crowd_may_vanish(struct server *server)
{
    int before = descriptors();
    int fds[CROWD];
    for (int i = 0; i < CROWD; ++i) {
        fds[i] = client_connect(server->port);
        client_ask(fds[i], "GET /query?budget=30000&work=30000");
    }
    belay_sleep(NULL, 700 * BELAY_MILLISECOND);
    int64_t cpu = lanes_tally(&server->lanes, true).cpu_nobody;
    for (int i = 0; i < CROWD; ++i)
        close(fds[i]);
    belay_time gone = belay_now();
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    while (parts_at_work(server) > 0 &&
           belay_sleep(ctx, BELAY_MILLISECOND) == 0)
        continue;
    double late = (double)(belay_now() - gone) / (double)BELAY_MILLISECOND;
    bool is_fine = belay_err(ctx) == 0;
    belay_end(ctx);
    cpu = lanes_tally(&server->lanes, true).cpu_nobody - cpu;
    is_fine = serves_on(server) && come_back_to(before + KEPT) && is_fine;
    return say(is_fine && late < 2000,
               "%d clients vanish at once: nothing works for them after "
               "%.0f ms, %.1f CPU-ms in all",
               CROWD, late, (double)cpu / (double)BELAY_MILLISECOND);
}

/* --- What is below -------------------------------------------------------- */

static bool a_silent_tier_costs_no_more_than_the_budget(struct server *server)
{
    char data[REPLY];
    int silent = 0;
    int listener = listen_near(&silent);
    int port = server->tier.port;
    server->tier.port = silent;
    int status = selftest_ask(server, "GET /query?budget=400&work=10", data);
    close(listener);
    int refused = selftest_ask(server, "GET /query?budget=9000&work=10", data);
    server->tier.port = port;
    return say(status == 504 && refused == 503 && serves_on(server),
               "tier 2 never answers: %d; it is not there: %d", status,
               refused);
}

static bool a_full_disk_stops_the_log_only(struct server *server)
{
    server->log = fopen("/dev/full", "w");
    bool is_fine = server->log != NULL && serves_on(server);
    FILE *log = server->log;
    server->log = NULL;
    if (log != NULL)
        fclose(log);
    return say(is_fine && serves_on(server), "a full disk: it serves on");
}

bool selftest_days(struct server *server)
{
    bool is_fine = slow_heads_keep_nobody_out(server);
    is_fine = bodies_may_break_off(server) && is_fine;
    is_fine = visitors_may_vanish(server) && is_fine;
    is_fine = a_crowd_may_vanish(server) && is_fine;
    is_fine = a_silent_tier_costs_no_more_than_the_budget(server) && is_fine;
    return a_full_disk_stops_the_log_only(server) && is_fine;
}
