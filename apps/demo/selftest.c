/* SPDX-License-Identifier: MIT */
#include "selftest.h"

#include "client.h"
#include "server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NEWEST = 16, REPLY = 2000, DESCRIPTORS = 300 };

static struct server server;

bool say(bool is_fine, const char *format, ...)
{
    fputs(is_fine ? "ok    " : "FAIL  ", stdout);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    return is_fine;
}

static double ms(int64_t ns)
{
    return (double)ns / (double)BELAY_MILLISECOND;
}

int selftest_ask(struct server *asked, const char *what, char *data)
{
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_SECOND);
    int fd = client_connect(asked->port);
    int result = fd < 0 ? fd : client_ask(fd, what);
    if (result == 0)
        result = client_read(ctx, fd, data, REPLY);
    if (fd >= 0)
        close(fd);
    belay_end(ctx);
    return result;
}

static int ask(const char *what, char *data)
{
    return selftest_ask(&server, what, data);
}

struct lane selftest_newest(struct server *asked)
{
    struct lane lanes[NEWEST];
    return lanes_newest(&asked->lanes, lanes, NEWEST) > 0
               ? lanes[0]
               : (struct lane){.id = 0};
}

static bool a_budget_ends_a_request(void)
{
    char data[REPLY];
    belay_time before = belay_now();
    int status = ask("GET /query?budget=300&work=20000", data);
    belay_duration took = belay_now() - before;
    bool is_fine = status == 504 && took >= 300 * BELAY_MILLISECOND &&
                   selftest_newest(&server).err == BELAY_DEADLINE_EXCEEDED &&
                   strstr(data, "budget of 300 ms spent") != NULL;
    return say(is_fine, "a budget of 300 ms: %d after %.1f ms", status,
               ms(took));
}

static bool one_in_time_gets_its_answer(void)
{
    char data[REPLY];
    int status = ask("GET /query?budget=20000&work=50", data);
    return say(status == 200 && strstr(data, "pairs of purchases") != NULL,
               "in time: %d", status);
}

static bool bad_requests_are_refused(void)
{
    static const struct {
        const char *what;
        int status;
    } cases[] = {
        {"GET /nothing", 404},
        {"POST /query", 405},
        {"GET /storm", 405},
        {"DELETE /", 405},
        {"GET /query?budget", 400},
        {"GET /query?budget=", 400},
        {"GET /query?budget=0", 400},
        {"GET /query?budget=-1", 400},
        {"GET /query?budget=1e3", 400},
        {"GET /query?budget=99999999999999999999", 400},
        {"GET /query?budget=300%00", 400},
        {"GET /query?budget=%zz", 400},
        {"GET /query?budget=1&budget=2", 400},
        {"GET /query?work=60001", 400},
        {"GET /query?context=maybe", 400},
        {"GET /query?=&&%22%0d%0a", 400},
        {"GET /query?color=red", 400},
        {"POST /storm?budget=none", 400},
        {"NONSENSE", 400},
        {"GET /", 200},
    };
    char data[REPLY];
    bool is_fine = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        int status = ask(cases[i].what, data);
        if (status != cases[i].status)
            is_fine = say(false, "%s: %d", cases[i].what, status);
    }
    return is_fine && say(true, "bad requests: 400, 404 and 405");
}

/* The server has no descriptor for the connection, then it has again. */
static bool it_survives_without_descriptors(void)
{
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){DESCRIPTORS, before.rlim_max});
    int taken[DESCRIPTORS];
    int count = 0;
    int waiting = client_connect(server.port);
    int idle = client_connect(server.port); /* the server will close it */
    belay_sleep(NULL, 50 * BELAY_MILLISECOND);
    while (count < DESCRIPTORS && (taken[count] = dup(0)) >= 0)
        ++count;
    close(taken[--count]);
    int refused = client_connect(server.port);
    client_ask(refused, "GET /");
    belay_sleep(NULL, 50 * BELAY_MILLISECOND);
    while (count > 0)
        close(taken[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    close(idle);
    close(waiting);

    char data[REPLY];
    belay_ctx *ctx = belay_with_timeout(NULL, 10 * BELAY_SECOND);
    int late = client_read(ctx, refused, data, sizeof data);
    close(refused);
    belay_end(ctx);
    int status = ask("GET /query?work=10", data);
    return say(status == 200, "out of descriptors: %d then, %d afterwards",
               late, status);
}

static bool a_stop_ends_what_is_inside(void)
{
    static const char *const what[] = {"GET /query?budget=30000&work=120",
                                       "GET /query?budget=30000&work=30000",
                                       "GET /query?budget=30000&work=30000"};
    int fds[3];
    for (int i = 0; i < 3; ++i) {
        fds[i] = client_connect(server.port);
        client_ask(fds[i], what[i]);
    }
    while (gate_count(&server.gate, NULL, NULL) < 3)
        belay_sleep(NULL, BELAY_MILLISECOND);
    belay_time before = belay_now();
    belay_ctx *grace = belay_with_timeout(NULL, 5 * BELAY_SECOND);
    struct farewell farewell = server_stop(grace, &server);
    belay_end(grace);
    belay_duration took = belay_now() - before;

    int status[3];
    char data[REPLY];
    for (int i = 0; i < 3; ++i) {
        status[i] = client_read(NULL, fds[i], data, sizeof data);
        close(fds[i]);
    }
    bool is_fine =
        farewell.finished == 1 && farewell.canceled == 2 &&
        farewell.left == 0 && status[0] == 200 && status[1] == 503 &&
        status[2] == 503 && strstr(data, "server stopping") != NULL &&
        took < 7 * BELAY_SECOND && client_connect(server.port) == -ECONNREFUSED;
    return say(is_fine,
               "a stop with 3 inside: %d finished, %d canceled, %d left, "
               "after %.0f ms",
               farewell.finished, farewell.canceled, farewell.left, ms(took));
}

bool selftest(void)
{
    if (server_start(&server, 0) != 0)
        return say(false, "the server does not start");
    bool is_fine = selftest_leaving(&server);
    is_fine = a_budget_ends_a_request() && is_fine;
    is_fine = one_in_time_gets_its_answer() && is_fine;
    is_fine = bad_requests_are_refused() && is_fine;
    is_fine = it_survives_without_descriptors() && is_fine;
    is_fine = selftest_days(&server) && is_fine;
    is_fine = a_stop_ends_what_is_inside() && is_fine;
    return selftest_process() && is_fine;
}
