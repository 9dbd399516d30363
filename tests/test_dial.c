/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <belay/io.h>
#include <belay/resolve.h>

#include <netdb.h>

/* Connections by name, and by a list of addresses. */

static struct addrinfo entry(struct sockaddr_in *address, struct addrinfo *next)
{
    return (struct addrinfo){.ai_family = AF_INET,
                             .ai_socktype = SOCK_STREAM,
                             .ai_addrlen = sizeof *address,
                             .ai_addr = (struct sockaddr *)address,
                             .ai_next = next};
}

static struct sockaddr_in nobody(void)
{
    struct sockaddr_in address;
    close(listen_here(&address, 1));
    return address;
}

/* The number that the next descriptor will have. */
static int next_descriptor(void)
{
    int fd = dup(STDIN_FILENO);
    close(fd);
    return fd;
}

TEST(a_host_is_dialed_by_name)
{
    struct sockaddr_in address;
    char service[8];
    int listener = listen_here(&address, 8);
    snprintf(service, sizeof service, "%d", ntohs(address.sin_port));

    int fd = belay_dial(NULL, "localhost", service);

    CHECK(fd >= 0);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    int peer = belay_accept(NULL, listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(belay_write(NULL, fd, "x", 1) == 1);
    CHECK(belay_recv(NULL, peer, service, 1, 0) == 1);
    close(peer);
    close(fd);
    close(listener);
}

TEST(what_refuses_is_passed_over)
{
    struct sockaddr_in address, refusing = nobody();
    int listener = listen_here(&address, 8);
    struct addrinfo last = entry(&address, NULL);
    struct addrinfo foreign = {.ai_family = AF_UNSPEC, .ai_next = &last};
    struct addrinfo list = entry(&refusing, &foreign);

    int fd = belay_dial_any(NULL, &list);

    CHECK(fd >= 0 && is_readable(listener));
    close(fd);
    close(listener);
}

/* N2 */
TEST(if_all_fail_the_first_ones_error_is_told)
{
    struct sockaddr_in refusing = nobody();
    struct addrinfo last = {.ai_family = AF_UNSPEC};
    struct addrinfo list = entry(&refusing, &last);
    int free_number = next_descriptor();

    CHECK(belay_dial_any(NULL, &list) == -ECONNREFUSED);
    CHECK(belay_dial_any(NULL, &last) == -EAFNOSUPPORT);
    CHECK(belay_dial_any(NULL, NULL) == -EADDRNOTAVAIL);

    CHECK(next_descriptor() == free_number);
}

struct dialer {
    const belay_ctx *ctx;
    const struct addrinfo *list;
    int result;
};

static void *dial(void *arg)
{
    struct dialer *dialer = arg;
    dialer->result = belay_dial_any(dialer->ctx, dialer->list);
    return NULL;
}

/* NT01 */
TEST(a_blocked_dial_ends_with_its_context_and_leaves_nothing)
{
    struct closed_door door = close_door();
    struct addrinfo list[] = {entry(&door.address, NULL),
                              entry(&door.address, list)};
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct dialer dialer = {ctx, &list[1], 0};
    int free_number = next_descriptor();
    pthread_t thread = start(dial, &dialer);

    belay_cancel(ctx);

    join(thread);
    CHECK(dialer.result == BELAY_CANCELED);
    CHECK(next_descriptor() == free_number);
    tear_down(door);
    belay_end(ctx);
}

TEST(a_dial_ends_at_the_deadline)
{
    struct closed_door door = close_door();
    struct addrinfo list = entry(&door.address, NULL);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_dial_any(ctx, &list) == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_dial(ctx, "127.0.0.1", "1") == BELAY_DEADLINE_EXCEEDED);

    tear_down(door);
    belay_end(ctx);
}

/* N1 */
TEST(the_end_of_the_context_leaves_the_connection_alone)
{
    struct sockaddr_in address;
    int listener = listen_here(&address, 8);
    struct addrinfo list = entry(&address, NULL);
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_dial_any(ctx, &list);

    belay_end(ctx);

    CHECK(belay_write(NULL, fd, "x", 1) == 1);
    close(fd);
    close(listener);
}

TEST(more_addresses_than_are_tried_at_a_time_are_all_tried)
{
    enum { MANY = 100 };
    struct sockaddr_in address, refusing = nobody();
    int listener = listen_here(&address, 8);
    struct addrinfo list[MANY];
    for (int i = 0; i < MANY - 1; ++i)
        list[i] = entry(&refusing, &list[i + 1]);
    list[MANY - 1] = entry(&address, NULL);

    int fd = belay_dial_any(NULL, list);

    CHECK(fd >= 0 && is_readable(listener));
    close(fd);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_dialed_by_name),
        cmocka_unit_test(what_refuses_is_passed_over),
        cmocka_unit_test(if_all_fail_the_first_ones_error_is_told),
        cmocka_unit_test(
            a_blocked_dial_ends_with_its_context_and_leaves_nothing),
        cmocka_unit_test(a_dial_ends_at_the_deadline),
        cmocka_unit_test(the_end_of_the_context_leaves_the_connection_alone),
        cmocka_unit_test(more_addresses_than_are_tried_at_a_time_are_all_tried),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
