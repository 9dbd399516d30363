/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <belay/io.h>

#include <netinet/tcp.h>
#include <sys/un.h>

static void set_nonblocking(int fd)
{
    CHECK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

static int new_socket(int type)
{
    return socket(AF_INET, type | SOCK_CLOEXEC, 0);
}

static int connect_to(const belay_ctx *ctx, int fd,
                      const struct sockaddr_in *address)
{
    return belay_connect(ctx, fd, (const struct sockaddr *)address,
                         sizeof *address);
}

struct caller {
    const belay_ctx *ctx;
    int fd;
    const struct sockaddr_in *address;
    int result;
};

static void *connect_once(void *arg)
{
    struct caller *caller = arg;
    caller->result = connect_to(caller->ctx, caller->fd, caller->address);
    return NULL;
}

TEST(a_socket_connects_and_keeps_its_flags)
{
    void (*const modes[])(int) = {NULL, set_nonblocking};
    for (size_t i = 0; i < LENGTH(modes); ++i) {
        struct sockaddr_in address;
        int listener = listen_here(&address, 8);
        int fd = new_socket(SOCK_STREAM);
        if (modes[i] != NULL)
            modes[i](fd);
        int flags = fcntl(fd, F_GETFL);

        CHECK(connect_to(NULL, fd, &address) == 0);

        CHECK(fcntl(fd, F_GETFL) == flags);
        CHECK(belay_write(NULL, fd, "x", 1) == 1);
        close(fd);
        close(listener);
    }
}

/* NT01 */
TEST(a_blocked_connect_ends_with_its_context)
{
    void (*const modes[])(int) = {NULL, set_nonblocking};
    for (size_t i = 0; i < LENGTH(modes); ++i) {
        struct closed_door door = close_door();
        belay_ctx *ctx = belay_with_cancel(NULL);
        int fd = new_socket(SOCK_STREAM);
        struct caller caller = {ctx, fd, &door.address, 0};
        if (modes[i] != NULL)
            modes[i](fd);
        int flags = fcntl(fd, F_GETFL);
        pthread_t thread = start(connect_once, &caller);

        belay_cancel(ctx);

        join(thread);
        CHECK(caller.result == BELAY_CANCELED);
        CHECK(fcntl(fd, F_GETFL) == flags);
        close(fd);
        tear_down(door);
        belay_end(ctx);
    }
}

TEST(a_connection_on_its_way_is_taken_up)
{
    struct closed_door door = close_door();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    int fd = new_socket(SOCK_STREAM);

    CHECK(connect_to(ctx, fd, &door.address) == BELAY_DEADLINE_EXCEEDED);
    close(belay_accept(NULL, door.listener, NULL, NULL, 0));
    CHECK(connect_to(NULL, fd, &door.address) == 0);

    CHECK(belay_write(NULL, fd, "x", 1) == 1);
    close(fd);
    tear_down(door);
    belay_end(ctx);
}

TEST(what_refuses_a_connection_says_so)
{
    struct sockaddr_in address;
    int fd = new_socket(SOCK_STREAM);
    close(listen_here(&address, 8));

    CHECK(connect_to(NULL, fd, &address) == -ECONNREFUSED);
    CHECK(connect_to(NULL, -1, &address) == -EBADF);
    CHECK(belay_connect(NULL, fd, (struct sockaddr *)&address, 1) == -EINVAL);

    close(fd);
}

TEST(an_ended_context_connects_nothing)
{
    struct sockaddr_in address;
    belay_ctx *ctx = belay_with_cancel(NULL);
    int listener = listen_here(&address, 8);
    int fd = new_socket(SOCK_STREAM);
    belay_cancel(ctx);

    CHECK(connect_to(ctx, fd, &address) == BELAY_CANCELED);

    CHECK(!is_readable(listener));
    close(fd);
    close(listener);
    belay_end(ctx);
}

/* Others may read from it at that moment. */
TEST(a_datagram_socket_connects_as_it_is)
{
    struct sockaddr_in address;
    int listener = listen_here(&address, 8);
    int fd = new_socket(SOCK_DGRAM);

    CHECK(connect_to(NULL, fd, &address) == 0);

    close(fd);
    close(listener);
}

/* Whether there is room in its queue, no poll() can tell. */
TEST(a_connect_to_a_full_unix_socket_ends_with_its_context)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address.sun_family; /* a name from the kernel */
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(listener, 0) == 0);
    size = sizeof address;
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    int first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);
    const struct sockaddr *name = (const struct sockaddr *)&address;

    CHECK(belay_connect(ctx, first, name, size) == 0);
    CHECK(belay_connect(ctx, second, name, size) == BELAY_DEADLINE_EXCEEDED);
    close(accept(listener, NULL, NULL));
    CHECK(belay_connect(NULL, second, name, size) == 0);

    close(first);
    close(second);
    close(listener);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_connects_and_keeps_its_flags),
        cmocka_unit_test(a_blocked_connect_ends_with_its_context),
        cmocka_unit_test(a_connection_on_its_way_is_taken_up),
        cmocka_unit_test(what_refuses_a_connection_says_so),
        cmocka_unit_test(an_ended_context_connects_nothing),
        cmocka_unit_test(a_datagram_socket_connects_as_it_is),
        cmocka_unit_test(a_connect_to_a_full_unix_socket_ends_with_its_context),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
