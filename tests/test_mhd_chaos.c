/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <belay/mhd.h>

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Clients that mean no good, and a system that has nothing left: the server
   serves on, and leaves nothing. */

/* The library's and MHD's calls come here. */
static atomic_bool is_full;

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    bool is_of_a_peer = event != NULL && (event->events & EPOLLRDHUP) != 0;
    if (!atomic_load(&is_full) || operation != EPOLL_CTL_ADD || !is_of_a_peer)
        return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
    errno = ENOSPC;
    return -1;
}

static void check_that_it_serves(struct belay_mhd *server)
{
    int client = request(server, "GET /quick");
    CHECK(reply_to(client) == 200);
    close(client);
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all) != NULL)
        ++count;
    closedir(all);
    return count;
}

/* Starts the thread that watches, which keeps its descriptors. */
static int count_descriptors_before(void)
{
    let_the_watcher_catch_up();
    return count_descriptors();
}

TEST(connections_that_open_and_vanish_leave_nothing)
{
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        int before = count_descriptors_before();
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);

        for (int n = 0; n < 1000; ++n)
            (n % 2 == 0 ? leave : reset)(dial(server));

        check_that_it_serves(server);
        stop_server(server);
        CHECK(count_descriptors() == before);
    }
}

TEST(clients_that_vanish_in_the_middle_of_a_request_leave_nothing)
{
    static const char *const beginnings[] = {
        "G", "GET /", "GET / HTTP/1.1\r\nHo",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhell"};
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        int before = count_descriptors_before();
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);

        for (size_t n = 0; n < 20 * LENGTH(beginnings); ++n) {
            int client = dial(server);
            say(client, beginnings[n % LENGTH(beginnings)]);
            (n / LENGTH(beginnings) % 2 == 0 ? leave : reset)(client);
        }

        check_that_it_serves(server);
        stop_server(server);
        CHECK(count_descriptors() == before);
    }
}

TEST(slow_clients_keep_nobody_from_being_served)
{
    enum { SLOW = 50 };
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        int clients[SLOW];
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);

        for (int n = 0; n < SLOW; ++n) {
            clients[n] = dial(server);
            say(clients[n], n % 2 == 0
                                ? "GET / HTTP/1.1\r\nX: "
                                : "POST /quick HTTP/1.1\r\nHost: test\r\n"
                                  "Content-Length: 999\r\n\r\n");
        }
        check_that_it_serves(server);
        for (int n = 0; n < SLOW; ++n)
            say(clients[n], "x");
        check_that_it_serves(server);

        stop_server(server);
        for (int n = 0; n < SLOW; ++n)
            close(clients[n]);
    }
}

TEST(what_is_no_request_is_answered_or_dropped)
{
    static const char *const nonsense[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost test\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: "
        "99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "zz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    };
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        if (ways_to_serve[i] == WITH_EPOLL)
            continue; /* MHD may overlook an end that comes with the data */
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);
        for (size_t n = 0; n < LENGTH(nonsense); ++n) {
            int client = dial(server);
            say(client, nonsense[n]);
            CHECK(shutdown(client, SHUT_WR) == 0);
            CHECK(reply_to(client) != 200);
            close(client);
        }
        check_that_it_serves(server);
        stop_server(server);
    }
}

TEST(a_head_without_end_is_refused)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    int client = dial(server);
    say(client, "GET / HTTP/1.1\r\nX: ");
    static char much[1 << 16];
    memset(much, 'x', sizeof much);

    while (send(client, much, sizeof much, MSG_NOSIGNAL) > 0)
        continue;

    check_that_it_serves(server);
    close(client);
    stop_server(server);
}

/* --- Nothing left --------------------------------------------------------- */

TEST(a_client_that_cannot_be_watched_is_refused)
{
    struct stage stage;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    atomic_store(&is_full, true);
    int client = request(server, "GET /quick");

    CHECK(reply_to(client) == 503);

    atomic_store(&is_full, false);
    close(client);
    check_that_it_serves(server);
    stop_server(server);
}

static void take_all_descriptors(int *taken, int *count, int most)
{
    for (*count = 0; *count < most; ++*count)
        if ((taken[*count] = dup(STDIN_FILENO)) < 0)
            break;
}

TEST(without_descriptors_it_waits_and_serves_on)
{
    enum { MOST = 200 };
    for (size_t i = 0; i < LENGTH(ways_to_serve); ++i) {
        struct stage stage;
        struct belay_mhd *server = serve_with(&stage, ways_to_serve[i]);
        check_that_it_serves(server);
        struct rlimit before;
        getrlimit(RLIMIT_NOFILE, &before);
        const struct rlimit few = {MOST, before.rlim_max};
        CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int taken[MOST];
        int count;
        take_all_descriptors(taken, &count, MOST);
        const struct sockaddr_in address = address_of(server);
        CHECK(connect(client, (const struct sockaddr *)&address,
                      sizeof address) == 0);
        ask(client, "GET /quick"); /* MHD cannot accept it */

        while (count > 0)
            close(taken[--count]);
        CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);

        (void)reply_to(client);
        close(client);
        check_that_it_serves(server);
        stop_server(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_that_open_and_vanish_leave_nothing),
        cmocka_unit_test(
            clients_that_vanish_in_the_middle_of_a_request_leave_nothing),
        cmocka_unit_test(slow_clients_keep_nobody_from_being_served),
        cmocka_unit_test(what_is_no_request_is_answered_or_dropped),
        cmocka_unit_test(a_head_without_end_is_refused),
        cmocka_unit_test(a_client_that_cannot_be_watched_is_refused),
        cmocka_unit_test(without_descriptors_it_waits_and_serves_on),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
