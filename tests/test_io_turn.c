/* SPDX-License-Identifier: MIT */
#include "channels.h"
#include "child.h"

#include <belay/io.h>

#include <dlfcn.h>
#include <sys/syscall.h>

/*
 * Between "it is ready" and the call, where the descriptor is a blocking one
 * and has no call that does not wait.  The program's own syscall() comes before
 * the C library's, and holds the first thread that comes to a call.
 */
static struct {
    atomic_long call; /* 0: none is held */
    atomic_int count;
    sem_t held;
    sem_t release;
} hold;

static void hold_at(long call)
{
    hold.count = 0;
    sem_init(&hold.held, 0, 0);
    sem_init(&hold.release, 0, 0);
    hold.call = call;
}

long syscall(long call, ...)
{
    static long (*_Atomic next)(long, ...);
    long a[6];
    va_list arguments;
    va_start(arguments, call);
    for (int i = 0; i < 6; ++i)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (call == hold.call && ++hold.count == 1) {
        sem_post(&hold.held);
        await(&hold.release);
    }
    if (next == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "syscall");
        long (*found)(long, ...);
        memcpy(&found, &symbol, sizeof found);
        next = found;
    }
    return next(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

struct caller {
    const belay_ctx *ctx;
    int fd;
    ssize_t result;
};

static void *accept_one(void *arg)
{
    struct caller *caller = arg;
    caller->result =
        belay_accept(caller->ctx, caller->fd, NULL, NULL, SOCK_CLOEXEC);
    return NULL;
}

static void *read_one(void *arg)
{
    struct caller *caller = arg;
    char byte;
    caller->result = belay_read(caller->ctx, caller->fd, &byte, 1);
    return NULL;
}

TEST(who_comes_second_does_not_enter_an_accept_that_may_wait)
{
    struct sockaddr_in address;
    int listener = listen_here(&address, 8);
    int peer = call_up(&address);
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);
    struct caller first = {NULL, listener, 0};
    struct caller second = {ctx, listener, 0};
    hold_at(SYS_accept4);
    pthread_t thread = start(accept_one, &first);
    await(&hold.held);

    accept_one(&second);

    CHECK(second.result == BELAY_DEADLINE_EXCEEDED && hold.count == 1);
    sem_post(&hold.release);
    join(thread);
    CHECK(first.result >= 0);
    close((int)first.result);
    close(peer);
    close(listener);
    belay_end(ctx);
}

/* The master of a terminal cannot be opened again. */
TEST(who_comes_second_does_not_enter_a_read_that_may_wait)
{
    struct channel terminal = open_terminal();
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);
    struct caller first = {NULL, terminal.out, 0};
    struct caller second = {ctx, terminal.out, 0};
    CHECK(write(terminal.in, "x", 1) == 1);
    hold_at(SYS_readv);
    pthread_t thread = start(read_one, &first);
    await(&hold.held);

    read_one(&second);

    CHECK(second.result == BELAY_DEADLINE_EXCEEDED && hold.count == 1);
    sem_post(&hold.release);
    join(thread);
    CHECK(first.result == 1);
    close_channel(terminal);
    belay_end(ctx);
}

TEST(one_descriptor_does_not_hold_up_another)
{
    struct channel terminal = open_terminal();
    struct channel other = open_terminal();
    struct caller first = {NULL, terminal.out, 0};
    struct caller second = {NULL, other.out, 0};
    CHECK(write(terminal.in, "x", 1) == 1 && write(other.in, "y", 1) == 1);
    hold_at(SYS_readv);
    pthread_t thread = start(read_one, &first);
    await(&hold.held);

    read_one(&second);

    CHECK(second.result == 1);
    sem_post(&hold.release);
    join(thread);
    close_channel(terminal);
    close_channel(other);
}

static void *write_one(void *arg)
{
    struct caller *caller = arg;
    caller->result = belay_write(caller->ctx, caller->fd, "y", 1);
    return NULL;
}

TEST(a_write_does_not_hold_up_a_read)
{
    struct channel terminal = open_terminal();
    struct caller writer = {NULL, terminal.out, 0};
    struct caller reader = {NULL, terminal.out, 0};
    CHECK(write(terminal.in, "x", 1) == 1);
    hold_at(SYS_writev);
    pthread_t thread = start(write_one, &writer);
    await(&hold.held);

    read_one(&reader);

    CHECK(reader.result == 1);
    sem_post(&hold.release);
    join(thread);
    CHECK(writer.result == 1);
    close_channel(terminal);
}

static void read_in_a_child(void *arg)
{
    struct caller caller = {NULL, *(int *)arg, 0};
    read_one(&caller);
    EXPECT(caller.result == 1);
}

TEST(what_a_thread_of_the_parent_has_in_turn_is_free_in_a_child)
{
    struct channel terminal = open_terminal();
    struct caller first = {NULL, terminal.out, 0};
    CHECK(write(terminal.in, "xy", 2) == 2);
    hold_at(SYS_readv);
    pthread_t thread = start(read_one, &first);
    await(&hold.held);

    CHECK(in_child(read_in_a_child, &terminal.out) == 0);

    sem_post(&hold.release);
    join(thread);
    CHECK(first.result == 1);
    close_channel(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            who_comes_second_does_not_enter_an_accept_that_may_wait),
        cmocka_unit_test(who_comes_second_does_not_enter_a_read_that_may_wait),
        cmocka_unit_test(one_descriptor_does_not_hold_up_another),
        cmocka_unit_test(a_write_does_not_hold_up_a_read),
        cmocka_unit_test(
            what_a_thread_of_the_parent_has_in_turn_is_free_in_a_child),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
