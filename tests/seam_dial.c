/* SPDX-License-Identifier: MIT */
#include "channels.h"
#include "fakes/fake_clock.h"

#include "../work/dial.h"

#include <belay/resolve.h>

#include <netdb.h>

/* Who is tried when.  Time is the test's; the network is this machine's. */

/* NT03: here the attempts overlap, and what is split is the head start. */
TEST(the_time_left_is_split_over_the_addresses)
{
    static const struct {
        belay_duration left;
        int addresses;
        belay_duration head_start;
    } table[] = {
        {BELAY_FOREVER, 1, 250 * BELAY_MILLISECOND},
        {BELAY_FOREVER, 1000, 250 * BELAY_MILLISECOND},
        {12 * BELAY_SECOND, 2, 250 * BELAY_MILLISECOND},
        {BELAY_SECOND, 4, 250 * BELAY_MILLISECOND},
        {BELAY_SECOND, 5, 200 * BELAY_MILLISECOND},
        {BELAY_SECOND, 10, 100 * BELAY_MILLISECOND},
        {BELAY_SECOND, 1000, 10 * BELAY_MILLISECOND},
        {0, 3, 10 * BELAY_MILLISECOND},
    };
    for (size_t i = 0; i < LENGTH(table); ++i)
        CHECK(belay__head_start(table[i].left, table[i].addresses) ==
              table[i].head_start);
}

/* --- Addresses ------------------------------------------------------------ */

static struct addrinfo entry(struct sockaddr_in *address, struct addrinfo *next)
{
    return (struct addrinfo){.ai_family = AF_INET,
                             .ai_socktype = SOCK_STREAM,
                             .ai_addrlen = sizeof *address,
                             .ai_addr = (struct sockaddr *)address,
                             .ai_next = next};
}

/* -1: there is no IPv6 here. */
static int listen_here_6(struct sockaddr_in6 *ret_address)
{
    socklen_t size = sizeof *ret_address;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_address = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                         .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (fd < 0 || bind(fd, (struct sockaddr *)ret_address, size) != 0) {
        close(fd);
        return -1;
    }
    CHECK(listen(fd, 8) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)ret_address, &size) == 0);
    return fd;
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

TEST(the_next_address_is_tried_after_a_quarter_of_a_second)
{
    struct closed_door door = close_door();
    struct sockaddr_in address;
    int listener = listen_here(&address, 8);
    struct addrinfo last = entry(&address, NULL);
    struct addrinfo list = entry(&door.address, &last);
    struct dialer dialer = {NULL, &list, 0};
    fake_clock_start();
    pthread_t thread = start(dial, &dialer);

    fake_clock_await_sleepers(1);
    fake_clock_advance(250 * BELAY_MILLISECOND - 1);
    fake_clock_await_sleepers(1);
    CHECK(!is_readable(listener));
    fake_clock_advance(1);

    join(thread);
    CHECK(dialer.result >= 0 && is_readable(listener));
    close(dialer.result);
    close(listener);
    tear_down(door);
    fake_clock_stop();
}

TEST(with_a_deadline_the_next_address_is_tried_after_its_share)
{
    struct closed_door door = close_door();
    struct sockaddr_in address;
    int listener = listen_here(&address, 8);
    struct addrinfo last = entry(&address, NULL);
    struct addrinfo list = entry(&door.address, &last);
    fake_clock_start();
    belay_ctx *ctx = belay_with_timeout(NULL, 100 * BELAY_MILLISECOND);
    struct dialer dialer = {ctx, &list, 0};
    pthread_t thread = start(dial, &dialer);

    fake_clock_await_sleepers(1);
    fake_clock_advance(50 * BELAY_MILLISECOND - 1);
    fake_clock_await_sleepers(1);
    CHECK(!is_readable(listener));
    fake_clock_advance(1);

    join(thread);
    CHECK(dialer.result >= 0);
    close(dialer.result);
    close(listener);
    tear_down(door);
    belay_end(ctx);
    fake_clock_stop();
}

TEST(families_are_tried_in_turn)
{
    struct sockaddr_in6 address_6;
    int listener_6 = listen_here_6(&address_6);
    if (listener_6 < 0)
        skip();
    struct closed_door door = close_door();
    struct sockaddr_in address;
    int listener = listen_here(&address, 8);
    struct addrinfo last = {.ai_family = AF_INET6,
                            .ai_socktype = SOCK_STREAM,
                            .ai_addrlen = sizeof address_6,
                            .ai_addr = (struct sockaddr *)&address_6};
    struct addrinfo second = entry(&address, &last);
    struct addrinfo list = entry(&door.address, &second);
    struct dialer dialer = {NULL, &list, 0};
    fake_clock_start();
    pthread_t thread = start(dial, &dialer);

    fake_clock_await_sleepers(1);
    fake_clock_advance(250 * BELAY_MILLISECOND);

    join(thread);
    CHECK(is_readable(listener_6) && !is_readable(listener));
    close(dialer.result);
    close(listener);
    close(listener_6);
    tear_down(door);
    fake_clock_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_left_is_split_over_the_addresses),
        cmocka_unit_test(the_next_address_is_tried_after_a_quarter_of_a_second),
        cmocka_unit_test(
            with_a_deadline_the_next_address_is_tried_after_its_share),
        cmocka_unit_test(families_are_tried_in_turn),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
