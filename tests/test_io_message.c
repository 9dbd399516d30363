/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <belay/io.h>

#include <signal.h>
#include <sys/un.h>

/* Messages; and what interrupts a call: signals, pthread_cancel(). */

static struct channel open_datagrams(void)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) == 0);
    return (struct channel){fds[1], fds[0]};
}

TEST(what_is_sent_is_received)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct channel (*const kinds[])(void) = {
        open_socket, open_nonblocking_socket, open_datagrams};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        struct channel channel = kinds[i]();
        char text[8] = "";

        CHECK(belay_send(ctx, channel.in, "belay", 5, 0) == 5);
        CHECK(belay_recv(ctx, channel.out, text, 2, MSG_PEEK) == 2);
        CHECK(belay_recv(ctx, channel.out, text, sizeof text, 0) == 5);

        CHECK(strcmp(text, "belay") == 0);
        close_channel(channel);
    }
    belay_end(ctx);
}

TEST(a_blocked_receive_ends_at_the_deadline)
{
    struct channel (*const kinds[])(void) = {
        open_socket, open_nonblocking_socket, open_datagrams};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        struct channel channel = kinds[i]();
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
        char byte;

        CHECK(belay_recv(ctx, channel.out, &byte, 1, 0) ==
              BELAY_DEADLINE_EXCEEDED);
        CHECK(belay_send(ctx, channel.in, "x", 1, 0) ==
              BELAY_DEADLINE_EXCEEDED);
        CHECK(belay_send(ctx, channel.in, "x", 1, MSG_DONTWAIT) ==
              BELAY_DEADLINE_EXCEEDED);

        CHECK(!is_readable(channel.out));
        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(what_need_not_wait_does_not)
{
    struct channel channel = open_socket();
    static char block[65536];
    char byte;

    CHECK(belay_recv(NULL, channel.out, &byte, 1, MSG_DONTWAIT) == -EAGAIN);
    CHECK(belay_recv(NULL, channel.out, &byte, 1, MSG_ERRQUEUE) == -EAGAIN);
    CHECK(belay_recv(NULL, channel.out, &byte, 1, MSG_WAITALL) == -EINVAL);
    ssize_t sent;
    do
        sent = belay_send(NULL, channel.in, block, sizeof block, MSG_DONTWAIT);
    while (sent > 0);

    CHECK(sent == -EAGAIN);
    close_channel(channel);
}

TEST(a_message_carries_a_descriptor)
{
    struct channel channel = open_socket();
    struct channel carried = open_pipe();
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char byte = 'x';
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    memset(&control, 0, sizeof control);
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
                                      .cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &carried.out, sizeof(int));

    CHECK(belay_sendmsg(NULL, channel.in, &message, 0) == 1);
    CHECK(belay_recvmsg(NULL, channel.out, &message, MSG_CMSG_CLOEXEC) == 1);

    int received;
    memcpy(&received, CMSG_DATA(&control.header), sizeof received);
    CHECK(write(carried.in, "y", 1) == 1);
    CHECK(belay_read(NULL, received, &byte, 1) == 1 && byte == 'y');
    close(received);
    close_channel(carried);
    close_channel(channel);
}

/* poll() calls the sender ready, always: the queue is not its own. */
TEST(a_send_to_a_full_queue_ends_with_its_context)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address.sun_family;
    int type = SOCK_DGRAM | SOCK_CLOEXEC;
    int receiver = socket(AF_UNIX, type, 0);
    int sender = socket(AF_UNIX, type, 0);
    CHECK(bind(receiver, (struct sockaddr *)&address, size) == 0);
    size = sizeof address;
    CHECK(getsockname(receiver, (struct sockaddr *)&address, &size) == 0);
    char byte = 'x';
    struct iovec vector = {&byte, 1};
    const struct msghdr message = {.msg_name = &address,
                                   .msg_namelen = size,
                                   .msg_iov = &vector,
                                   .msg_iovlen = 1};
    belay_ctx *ctx = belay_with_timeout(NULL, 20 * BELAY_MILLISECOND);

    ssize_t sent;
    do
        sent = belay_sendmsg(ctx, sender, &message, 0);
    while (sent == 1);

    CHECK(sent == BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_recv(NULL, receiver, &byte, 1, 0) == 1);
    CHECK(belay_sendmsg(NULL, sender, &message, 0) == 1);
    close(sender);
    close(receiver);
    belay_end(ctx);
}

/* --- Interruptions -------------------------------------------------------- */

static atomic_int signals;

static void count_signal(int number)
{
    (void)number;
    ++signals;
}

struct reader {
    const belay_ctx *ctx;
    int fd;
    ssize_t result;
    sem_t is_there;
};

static void *read_one(void *arg)
{
    struct reader *reader = arg;
    char byte;
    sem_post(&reader->is_there);
    reader->result = belay_read(reader->ctx, reader->fd, &byte, 1);
    return reader;
}

TEST(a_signal_does_not_end_a_call)
{
    const struct sigaction action = {.sa_handler = count_signal};
    sigaction(SIGUSR1, &action, NULL);
    for (size_t kind = 0; kind < LENGTH(kinds_of_channel); ++kind) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct reader reader = {.ctx = ctx, .fd = channel.out};
        pthread_t thread = start(read_one, &reader);
        signals = 0;
        while (signals < 5) {
            CHECK(pthread_kill(thread, SIGUSR1) == 0);
            sched_yield();
        }

        CHECK(write(channel.in, "x", 1) == 1);

        join(thread);
        CHECK(reader.result == 1);
        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(pthread_cancel_is_held_off_inside)
{
    for (size_t kind = 0; kind < LENGTH(kinds_of_channel); ++kind) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct reader reader = {.ctx = ctx, .fd = channel.out};
        sem_init(&reader.is_there, 0, 0);
        pthread_t thread = start(read_one, &reader);
        await(&reader.is_there);

        CHECK(pthread_cancel(thread) == 0);
        CHECK(write(channel.in, "x", 1) == 1);

        CHECK(join(thread) == &reader);
        CHECK(reader.result == 1);
        belay_end(ctx);
        close_channel(channel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_received),
        cmocka_unit_test(a_blocked_receive_ends_at_the_deadline),
        cmocka_unit_test(what_need_not_wait_does_not),
        cmocka_unit_test(a_message_carries_a_descriptor),
        cmocka_unit_test(a_send_to_a_full_queue_ends_with_its_context),
        cmocka_unit_test(a_signal_does_not_end_a_call),
        cmocka_unit_test(pthread_cancel_is_held_off_inside),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
