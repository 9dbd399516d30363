/* SPDX-License-Identifier: MIT */
#include "channels.h"
#include "race.h"

#include <belay/io.h>

#include <signal.h>
#include <sys/eventfd.h>

/* What moved, what did not, and that nothing is lost between the two. */

/* --- What moved wins over what ended -------------------------------------- */

struct contest {
    struct channel channel;
    belay_ctx *ctx;
    ssize_t result;
};

static void put_a_byte(void *arg)
{
    struct contest *contest = arg;
    contest->ctx = belay_with_cancel(NULL);
    if (write(contest->channel.in, "x", 1) != 1)
        abort();
}

static void read_it(void *arg)
{
    struct contest *contest = arg;
    char byte;
    contest->result = belay_read(contest->ctx, contest->channel.out, &byte, 1);
}

static void cancel_it(void *arg)
{
    belay_cancel(((struct contest *)arg)->ctx);
}

static void find_it_read_or_still_there(void *arg)
{
    struct contest *contest = arg;
    char byte;
    CHECK(contest->result == 1 || contest->result == BELAY_CANCELED);
    CHECK(is_readable(contest->channel.out) == (contest->result < 0));
    if (contest->result < 0)
        CHECK(read(contest->channel.out, &byte, 1) == 1);
    belay_end(contest->ctx);
}

TEST(a_read_that_races_with_the_end_reads_or_leaves_what_there_is)
{
    for (size_t kind = 0; kind < LENGTH(kinds_of_channel); ++kind) {
        struct contest contest = {kinds_of_channel[kind](), NULL, 0};
        struct race race = {put_a_byte, read_it, cancel_it,
                            find_it_read_or_still_there, &contest};

        run_race(race, RACES / 10);

        close_channel(contest.channel);
    }
}

/* --- All of it ------------------------------------------------------------ */

enum { MUCH = 300000 };

struct flow {
    const belay_ctx *ctx;
    struct channel channel;
    char *bytes;
    size_t moved;
    int err;
};

static struct flow make_flow(struct channel (*open)(void), const belay_ctx *ctx)
{
    struct flow flow = {ctx, open(), malloc(MUCH), SIZE_MAX, 1};
    for (int i = 0; i < MUCH; ++i)
        flow.bytes[i] = (char)(i * 7 / 3);
    return flow;
}

static void *write_much(void *arg)
{
    struct flow *flow = arg;
    flow->err = belay_write_full(flow->ctx, flow->channel.in, flow->bytes, MUCH,
                                 &flow->moved);
    return NULL;
}

TEST(a_full_write_meets_a_full_read)
{
    struct channel (*const kinds[])(void) = {open_pipe, open_socket, open_fifo};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct flow flow = make_flow(kinds[i], ctx);
        pthread_t thread = start(write_much, &flow);
        char *copy = malloc(MUCH);
        size_t moved;

        CHECK(belay_read_full(ctx, flow.channel.out, copy, MUCH, &moved) == 0);

        join(thread);
        CHECK(flow.err == 0 && flow.moved == MUCH && moved == MUCH);
        CHECK(memcmp(copy, flow.bytes, MUCH) == 0);
        free(copy);
        free(flow.bytes);
        close_channel(flow.channel);
        belay_end(ctx);
    }
}

TEST(a_full_write_says_how_much_it_wrote_before_the_end)
{
    struct channel (*const kinds[])(void) = {open_pipe, open_socket, open_fifo};
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct flow flow = make_flow(kinds[i], ctx);
        pthread_t thread = start(write_much, &flow);
        await_full(flow.channel.in);

        belay_cancel(ctx);

        join(thread);
        CHECK(flow.err == BELAY_CANCELED);
        CHECK(flow.moved > 0 && flow.moved < MUCH);
        CHECK(belay_read_full(NULL, flow.channel.out, flow.bytes, flow.moved,
                              NULL) == 0);
        CHECK(!is_readable(flow.channel.out));
        free(flow.bytes);
        close_channel(flow.channel);
        belay_end(ctx);
    }
}

TEST(a_full_read_says_how_much_there_was)
{
    struct channel channel = open_pipe();
    char bytes[8];
    size_t moved = 99;
    CHECK(write(channel.in, "belay", 5) == 5);
    close(channel.in);

    CHECK(belay_read_full(NULL, channel.out, bytes, 8, &moved) == -ENODATA);

    CHECK(moved == 5 && memcmp(bytes, "belay", 5) == 0);
    close(channel.out);
}

TEST(nothing_is_moved_at_once_unless_the_context_has_ended)
{
    struct channel channel = open_pipe();
    belay_ctx *ctx = belay_with_cancel(NULL);
    size_t moved = 99;

    CHECK(belay_read_full(ctx, channel.out, NULL, 0, &moved) == 0);
    CHECK(moved == 0);
    CHECK(belay_write_full(ctx, channel.in, NULL, 0, NULL) == 0);
    belay_cancel(ctx);
    CHECK(belay_read_full(ctx, channel.out, NULL, 0, NULL) == BELAY_CANCELED);
    CHECK(belay_write_full(ctx, channel.in, NULL, 0, NULL) == BELAY_CANCELED);

    belay_end(ctx);
    close_channel(channel);
}

/* --- Other files ---------------------------------------------------------- */

TEST(a_file_on_a_disk_is_moved_in_pieces)
{
    enum { SIZE = 3 << 20 };
    belay_ctx *ctx = belay_with_cancel(NULL);
    FILE *file = tmpfile();
    char *bytes = calloc(1, SIZE);
    char *copy = malloc(SIZE);
    bytes[0] = bytes[SIZE - 1] = 'x';

    CHECK(belay_write_full(ctx, fileno(file), bytes, SIZE, NULL) == 0);
    CHECK(fsync(fileno(file)) == 0); /* and out of memory, where it can be */
    posix_fadvise(fileno(file), 0, 0, POSIX_FADV_DONTNEED);
    rewind(file);
    CHECK(belay_read_full(ctx, fileno(file), copy, SIZE, NULL) == 0);

    CHECK(memcmp(bytes, copy, SIZE) == 0);
    CHECK(belay_read(ctx, fileno(file), copy, SIZE) == 0);
    free(bytes);
    free(copy);
    fclose(file);
    belay_end(ctx);
}

TEST(devices_and_event_descriptors_are_like_the_rest)
{
    uint64_t number = 7;
    int event = eventfd(0, EFD_CLOEXEC);
    int zeros = open("/dev/zero", O_RDWR | O_CLOEXEC);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);

    CHECK(belay_write(NULL, event, &number, sizeof number) == 8);
    CHECK(belay_read(NULL, event, &number, sizeof number) == 8 && number == 7);
    CHECK(belay_read(ctx, event, &number, sizeof number) ==
          BELAY_DEADLINE_EXCEEDED);
    CHECK(belay_read(NULL, zeros, &number, sizeof number) == 8 && number == 0);
    CHECK(belay_read(NULL, nothing, &number, sizeof number) == 0);
    CHECK(belay_write(NULL, nothing, &number, sizeof number) == 8);

    belay_end(ctx);
    close(event);
    close(zeros);
    close(nothing);
}

/* --- Errors --------------------------------------------------------------- */

TEST(what_is_no_descriptor_for_it_is_an_error)
{
    struct channel channel = open_pipe();
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char byte = 0;
    errno = 12345;

    CHECK(belay_read(NULL, -1, &byte, 1) == -EBADF);
    CHECK(belay_write(NULL, -1, &byte, 1) == -EBADF);
    CHECK(belay_read(NULL, channel.in, &byte, 1) == -EBADF);
    CHECK(belay_write(NULL, channel.out, &byte, 1) == -EBADF);
    CHECK(belay_read(NULL, directory, &byte, 1) == -EISDIR);
    CHECK(belay_recv(NULL, channel.out, &byte, 1, 0) == -ENOTSOCK);
    CHECK(belay_send(NULL, channel.in, &byte, 1, 0) == -ENOTSOCK);

    CHECK(errno == 12345);
    close(directory);
    close_channel(channel);
}

TEST(a_peer_that_is_gone_raises_no_signal)
{
    struct channel channel = open_socket();
    const struct iovec vector = {"x", 1};
    close(channel.out);
    signal(SIGPIPE, SIG_DFL);

    CHECK(belay_write(NULL, channel.in, "x", 1) == -EPIPE);
    CHECK(belay_writev(NULL, channel.in, &vector, 1) == -EPIPE);
    CHECK(belay_send(NULL, channel.in, "x", 1, 0) == -EPIPE);

    close(channel.in);
}

TEST(a_pipe_without_a_reader_is_an_error_where_the_signal_is_ignored)
{
    struct channel (*const kinds[])(void) = {open_pipe, open_fifo};
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < LENGTH(kinds); ++i) {
        struct channel channel = kinds[i]();
        close(channel.out);

        CHECK(belay_write(NULL, channel.in, "x", 1) == -EPIPE);

        close(channel.in);
    }
    signal(SIGPIPE, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_read_that_races_with_the_end_reads_or_leaves_what_there_is),
        cmocka_unit_test(a_full_write_meets_a_full_read),
        cmocka_unit_test(a_full_write_says_how_much_it_wrote_before_the_end),
        cmocka_unit_test(a_full_read_says_how_much_there_was),
        cmocka_unit_test(nothing_is_moved_at_once_unless_the_context_has_ended),
        cmocka_unit_test(a_file_on_a_disk_is_moved_in_pieces),
        cmocka_unit_test(devices_and_event_descriptors_are_like_the_rest),
        cmocka_unit_test(what_is_no_descriptor_for_it_is_an_error),
        cmocka_unit_test(a_peer_that_is_gone_raises_no_signal),
        cmocka_unit_test(
            a_pipe_without_a_reader_is_an_error_where_the_signal_is_ignored),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
