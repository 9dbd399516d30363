/* SPDX-License-Identifier: MIT */
#include "channels.h"

#include <belay/io.h>

/* Reading and writing, through each kind of descriptor. */

#define EACH(kind) \
    size_t kind = 0; \
    kind < LENGTH(kinds_of_channel); \
    ++kind

enum { BLOCK = 65536 };
static char block[BLOCK];

struct mover {
    const belay_ctx *ctx;
    int fd;
    ssize_t result;
};

static void *read_one(void *arg)
{
    struct mover *mover = arg;
    char byte;
    mover->result = belay_read(mover->ctx, mover->fd, &byte, 1);
    return NULL;
}

static void *write_for_ever(void *arg)
{
    struct mover *mover = arg;
    do
        mover->result = belay_write(mover->ctx, mover->fd, block, BLOCK);
    while (mover->result > 0);
    return NULL;
}

TEST(what_is_written_is_read)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        char text[8] = "";

        CHECK(belay_write(ctx, channel.in, "belay", 5) == 5);
        CHECK(belay_read(ctx, channel.out, text, sizeof text) == 5);

        CHECK(strcmp(text, "belay") == 0);
        close_channel(channel);
    }
    belay_end(ctx);
}

TEST(without_a_context_the_background_is_meant)
{
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        char byte;

        CHECK(belay_write(NULL, channel.in, "x", 1) == 1);
        CHECK(belay_read(NULL, channel.out, &byte, 1) == 1 && byte == 'x');

        close_channel(channel);
    }
}

TEST(vectors_are_moved_in_their_order)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct channel (*const kinds[])(void) = {open_pipe, open_socket, open_fifo};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        struct channel channel = kinds[i]();
        char to[2][3] = {"", ""};
        const struct iovec out[] = {{"be", 2}, {"", 0}, {"lay", 3}};
        const struct iovec in[] = {{to[0], 3}, {to[1], 2}};

        CHECK(belay_writev(ctx, channel.in, out, 3) == 5);
        CHECK(belay_readv(ctx, channel.out, in, 2) == 5);

        CHECK(memcmp(to[0], "bel", 3) == 0 && memcmp(to[1], "ay", 2) == 0);
        close_channel(channel);
    }
    belay_end(ctx);
}

TEST(a_blocked_read_ends_with_its_context)
{
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct mover reader = {ctx, channel.out, 0};
        pthread_t thread = start(read_one, &reader);

        belay_cancel(ctx);

        join(thread);
        CHECK(reader.result == BELAY_CANCELED);
        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(a_blocked_write_ends_with_its_context)
{
    for (EACH(kind)) {
        if (kinds_of_channel[kind] == open_keyboard)
            continue; /* the master of a terminal waits as in write(2) */
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct mover writer = {ctx, channel.in, 0};
        pthread_t thread = start(write_for_ever, &writer);
        if (kinds_of_channel[kind] != open_terminal)
            await_full(channel.in); /* there, room appears by itself again */

        belay_cancel(ctx);

        join(thread);
        CHECK(writer.result == BELAY_CANCELED);
        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(a_blocked_read_ends_at_the_deadline)
{
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
        char byte;

        CHECK(belay_read(ctx, channel.out, &byte, 1) ==
              BELAY_DEADLINE_EXCEEDED);

        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(a_blocked_read_goes_on_when_there_is_something)
{
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct mover reader = {ctx, channel.out, 0};
        pthread_t thread = start(read_one, &reader);

        CHECK(write(channel.in, "x", 1) == 1);

        join(thread);
        CHECK(reader.result == 1);
        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(an_ended_context_moves_nothing)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_cancel(ctx);
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        char bytes[2] = "";
        CHECK(write(channel.in, "x", 1) == 1);

        CHECK(belay_read(ctx, channel.out, bytes, 2) == BELAY_CANCELED);
        CHECK(belay_write(ctx, channel.in, "y", 1) == BELAY_CANCELED);

        CHECK(belay_read(NULL, channel.out, bytes, 2) == 1);
        CHECK(bytes[0] == 'x' && !is_readable(channel.out));
        close_channel(channel);
    }
    belay_end(ctx);
}

/* The flags belong to all who share the file. */
TEST(the_flags_of_the_file_stay_as_they_are)
{
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        int flags = fcntl(channel.out, F_GETFL);
        struct mover reader = {ctx, channel.out, 0};
        pthread_t thread = start(read_one, &reader);

        for (int look = 0; look < 100; ++look)
            CHECK(fcntl(channel.out, F_GETFL) == flags);

        belay_cancel(ctx);
        join(thread);
        CHECK(fcntl(channel.out, F_GETFL) == flags);
        belay_end(ctx);
        close_channel(channel);
    }
}

TEST(the_end_of_what_there_is_reads_as_0)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct channel (*const ending[])(void) = {open_pipe, open_socket,
                                              open_fifo};
    for (size_t i = 0; i < LENGTH(ending); ++i) {
        struct channel channel = ending[i]();
        char byte;
        close(channel.in);

        CHECK(belay_read(ctx, channel.out, &byte, 1) == 0);

        close(channel.out);
    }
    belay_end(ctx);
}

/* The trap of "poll, then read": one byte, and several who wait for it. */
TEST(of_many_readers_one_gets_the_byte_and_the_others_the_end)
{
    enum { MANY = 4 };
    for (EACH(kind)) {
        struct channel channel = kinds_of_channel[kind]();
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct mover readers[MANY];
        pthread_t threads[MANY];
        for (int i = 0; i < MANY; ++i) {
            readers[i] = (struct mover){ctx, channel.out, 0};
            threads[i] = start(read_one, &readers[i]);
        }
        CHECK(write(channel.in, "x", 1) == 1);
        while (is_readable(channel.out))
            sched_yield();

        belay_cancel(ctx);

        ssize_t sum = 0;
        for (int i = 0; i < MANY; ++i) {
            join(threads[i]);
            sum += readers[i].result;
        }
        CHECK(sum == 1 + (MANY - 1) * BELAY_CANCELED);
        belay_end(ctx);
        close_channel(channel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(without_a_context_the_background_is_meant),
        cmocka_unit_test(vectors_are_moved_in_their_order),
        cmocka_unit_test(a_blocked_read_ends_with_its_context),
        cmocka_unit_test(a_blocked_write_ends_with_its_context),
        cmocka_unit_test(a_blocked_read_ends_at_the_deadline),
        cmocka_unit_test(a_blocked_read_goes_on_when_there_is_something),
        cmocka_unit_test(an_ended_context_moves_nothing),
        cmocka_unit_test(the_flags_of_the_file_stay_as_they_are),
        cmocka_unit_test(the_end_of_what_there_is_reads_as_0),
        cmocka_unit_test(
            of_many_readers_one_gets_the_byte_and_the_others_the_end),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
