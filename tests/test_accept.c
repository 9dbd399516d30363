/* SPDX-License-Identifier: MIT */
#include "channels.h"
#include "race.h"

#include <belay/io.h>

static void set_nonblocking(int fd)
{
    CHECK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

struct caller {
    const belay_ctx *ctx;
    int listener;
    int result;
};

static void *accept_one(void *arg)
{
    struct caller *caller = arg;
    caller->result =
        belay_accept(caller->ctx, caller->listener, NULL, NULL, SOCK_CLOEXEC);
    return NULL;
}

TEST(a_connection_is_accepted_with_its_address)
{
    struct sockaddr_in address, from, own;
    socklen_t size = sizeof from;
    int listener = listen_here(&address, 8);
    int peer = call_up(&address);

    int fd = belay_accept(NULL, listener, (struct sockaddr *)&from, &size,
                          SOCK_CLOEXEC | SOCK_NONBLOCK);

    CHECK(fd >= 0 && size == sizeof from);
    CHECK(getsockname(peer, (struct sockaddr *)&own, &size) == 0);
    CHECK(from.sin_port == own.sin_port);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    close(fd);
    close(peer);
    close(listener);
}

TEST(a_blocked_accept_ends_with_its_context)
{
    void (*const modes[])(int) = {NULL, set_nonblocking};
    for (size_t i = 0; i < LENGTH(modes); ++i) {
        struct sockaddr_in address;
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct caller caller = {ctx, listen_here(&address, 8), 0};
        if (modes[i] != NULL)
            modes[i](caller.listener);
        int flags = fcntl(caller.listener, F_GETFL);
        pthread_t thread = start(accept_one, &caller);

        belay_cancel(ctx);

        join(thread);
        CHECK(caller.result == BELAY_CANCELED);
        CHECK(fcntl(caller.listener, F_GETFL) == flags);
        close(caller.listener);
        belay_end(ctx);
    }
}

TEST(an_ended_context_accepts_nothing)
{
    struct sockaddr_in address;
    belay_ctx *ctx = belay_with_timeout(NULL, 0);
    int listener = listen_here(&address, 8);
    int peer = call_up(&address);

    CHECK(belay_accept(ctx, listener, NULL, NULL, 0) ==
          BELAY_DEADLINE_EXCEEDED);

    CHECK(is_readable(listener));
    close(peer);
    close(listener);
    belay_end(ctx);
}

TEST(of_many_that_accept_one_gets_the_caller_and_the_others_the_end)
{
    enum { MANY = 4 };
    struct sockaddr_in address;
    belay_ctx *ctx = belay_with_cancel(NULL);
    int listener = listen_here(&address, 8);
    struct caller callers[MANY];
    pthread_t threads[MANY];
    for (int i = 0; i < MANY; ++i) {
        callers[i] = (struct caller){ctx, listener, 0};
        threads[i] = start(accept_one, &callers[i]);
    }
    int peer = call_up(&address);
    while (is_readable(listener))
        sched_yield();

    belay_cancel(ctx);

    int accepted = 0;
    for (int i = 0; i < MANY; ++i) {
        join(threads[i]);
        CHECK(callers[i].result >= 0 || callers[i].result == BELAY_CANCELED);
        if (callers[i].result >= 0)
            accepted += close(callers[i].result) == 0;
    }
    CHECK(accepted == 1);
    close(peer);
    close(listener);
    belay_end(ctx);
}

/* --- Two who wait for one caller ------------------------------------------ */

struct rivalry {
    struct sockaddr_in address;
    int listener;
    int peer;
    belay_ctx *ctx;
    atomic_int winners;
};

static void call(void *arg)
{
    struct rivalry *rivalry = arg;
    rivalry->ctx = belay_with_cancel(NULL);
    rivalry->winners = 0;
    rivalry->peer = call_up(&rivalry->address);
}

/* Whoever comes too late must not wait for the next caller. */
static void accept_and_cancel(void *arg)
{
    struct rivalry *rivalry = arg;
    int fd = belay_accept(rivalry->ctx, rivalry->listener, NULL, NULL, 0);
    if (fd < 0)
        return;
    ++rivalry->winners;
    close(fd);
    belay_cancel(rivalry->ctx);
}

static void find_one_winner(void *arg)
{
    struct rivalry *rivalry = arg;
    CHECK(rivalry->winners == 1);
    close(rivalry->peer);
    belay_end(rivalry->ctx);
}

TEST(of_two_that_race_for_a_caller_the_other_still_sees_the_end)
{
    struct rivalry rivalry;
    rivalry.listener = listen_here(&rivalry.address, 8);
    struct race race = {call, accept_and_cancel, accept_and_cancel,
                        find_one_winner, &rivalry};

    run_race(race, RACES / 20);

    close(rivalry.listener);
}

TEST(what_does_not_listen_accepts_nothing)
{
    struct channel channel = open_pipe();
    int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(belay_accept(NULL, -1, NULL, NULL, 0) == -EBADF);
    CHECK(belay_accept(NULL, deaf, NULL, NULL, 0) == -EINVAL);
    CHECK(write(channel.in, "x", 1) == 1);
    CHECK(belay_accept(NULL, channel.out, NULL, NULL, 0) == -ENOTSOCK);

    close(deaf);
    close_channel(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_accepted_with_its_address),
        cmocka_unit_test(a_blocked_accept_ends_with_its_context),
        cmocka_unit_test(an_ended_context_accepts_nothing),
        cmocka_unit_test(
            of_many_that_accept_one_gets_the_caller_and_the_others_the_end),
        cmocka_unit_test(
            of_two_that_race_for_a_caller_the_other_still_sees_the_end),
        cmocka_unit_test(what_does_not_listen_accepts_nothing),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
