/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <fcntl.h>

/* Two pipes: from the first one can read, from the second one cannot. */
struct pipes {
    int full[2];
    int empty[2];
};

static struct pipes make_pipes(void)
{
    struct pipes pipes;
    CHECK(pipe(pipes.full) == 0 && pipe(pipes.empty) == 0);
    CHECK(write(pipes.full[1], "x", 1) == 1);
    return pipes;
}

static void close_pipes(struct pipes pipes)
{
    for (int i = 0; i < 2; ++i) {
        close(pipes.full[i]);
        close(pipes.empty[i]);
    }
}

TEST(poll_counts_the_descriptors_that_are_ready)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_ctx *contexts[] = {NULL, ctx};
    for (size_t i = 0; i < LENGTH(contexts); ++i) {
        struct pollfd asked[] = {{pipes.full[0], POLLIN, 0},
                                 {pipes.empty[0], POLLIN, -1},
                                 {pipes.empty[1], POLLOUT, 0}};

        CHECK(belay_poll(contexts[i], asked, 3, -1) == 2);

        CHECK(asked[0].revents == POLLIN);
        CHECK(asked[1].revents == 0);
        CHECK(asked[2].revents == POLLOUT);
    }
    belay_end(ctx);
    close_pipes(pipes);
}

TEST(poll_returns_0_after_the_timeout)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_duration timeouts[] = {0, 1, BELAY_MILLISECOND};
    for (size_t i = 0; i < LENGTH(timeouts); ++i) {
        struct pollfd asked = {pipes.empty[0], POLLIN, -1};
        belay_time before = belay_now();

        CHECK(belay_poll(ctx, &asked, 1, timeouts[i]) == 0);

        CHECK(asked.revents == 0);
        CHECK(belay_now() - before >= timeouts[i]);
    }
    belay_end(ctx);
    close_pipes(pipes);
}

TEST(without_descriptors_poll_is_a_sleep)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    belay_time before = belay_now();

    CHECK(belay_poll(ctx, NULL, 0, BELAY_MILLISECOND) == 0);
    CHECK(belay_poll(NULL, NULL, 0, BELAY_MILLISECOND) == 0);

    CHECK(belay_now() - before >= 2 * BELAY_MILLISECOND);
    belay_end(ctx);
}

TEST(the_end_wins_over_descriptors_that_are_ready)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct pollfd asked[] = {{pipes.full[0], POLLIN, POLLIN},
                             {pipes.empty[1], POLLOUT, POLLOUT}};

    belay_cancel(ctx);

    CHECK(belay_poll(ctx, asked, 2, -1) == BELAY_CANCELED);
    CHECK(asked[0].revents == 0 && asked[1].revents == 0);
    belay_end(ctx);
    close_pipes(pipes);
}

TEST(a_deadline_ends_a_poll)
{
    struct pipes pipes = make_pipes();
    const belay_duration timeouts[] = {-1, INT64_MIN, BELAY_HOUR, BELAY_FOREVER,
                                       INT64_MAX - 1};
    for (size_t i = 0; i < LENGTH(timeouts); ++i) {
        belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
        struct pollfd asked = {pipes.empty[0], POLLIN, -1};

        CHECK(belay_poll(ctx, &asked, 1, timeouts[i]) ==
              BELAY_DEADLINE_EXCEEDED);

        CHECK(asked.revents == 0);
        belay_end(ctx);
    }
    close_pipes(pipes);
}

struct poller {
    const belay_ctx *ctx;
    struct pollfd asked;
    int result;
};

static void *poll_for_ever(void *arg)
{
    struct poller *poller = arg;
    poller->result = belay_poll(poller->ctx, &poller->asked, 1, -1);
    return NULL;
}

TEST(a_cancel_ends_a_poll)
{
    struct pipes pipes = make_pipes();
    for (int i = 0; i < 50; ++i) {
        belay_ctx *ctx = belay_with_cancel(NULL);
        struct poller poller = {ctx, {pipes.empty[0], POLLIN, -1}, 0};
        pthread_t thread = start(poll_for_ever, &poller);

        belay_cancel(ctx);

        join(thread);
        CHECK(poller.result == BELAY_CANCELED);
        CHECK(poller.asked.revents == 0);
        belay_end(ctx);
    }
    close_pipes(pipes);
}

TEST(a_descriptor_that_becomes_ready_ends_a_poll)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_HOUR);
    struct poller poller = {ctx, {pipes.empty[0], POLLIN, 0}, 0};
    pthread_t thread = start(poll_for_ever, &poller);

    CHECK(write(pipes.empty[1], "y", 1) == 1);

    join(thread);
    CHECK(poller.result == 1);
    CHECK(poller.asked.revents == POLLIN);
    belay_end(ctx);
    close_pipes(pipes);
}

TEST(negative_descriptors_are_ignored)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct pollfd asked[] = {{-1, POLLIN, -1},
                             {pipes.full[0], POLLIN, 0},
                             {belay_fd(NULL), POLLIN, -1}};

    CHECK(belay_poll(ctx, asked, 3, -1) == 1);

    CHECK(asked[0].revents == 0 && asked[2].revents == 0);
    belay_end(ctx);
    close_pipes(pipes);
}

TEST(a_closed_descriptor_is_ready_with_its_error)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct pollfd asked = {pipes.empty[0], POLLIN, 0};
    close_pipes(pipes);

    CHECK(belay_poll(ctx, &asked, 1, -1) == 1);

    CHECK(asked.revents == POLLNVAL);
    belay_end(ctx);
}

TEST(many_descriptors_may_be_polled)
{
    enum { MANY = 200 };
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct pollfd asked[MANY];
    for (int i = 0; i < MANY; ++i)
        asked[i] = (struct pollfd){pipes.empty[0], POLLIN, -1};

    CHECK(belay_poll(ctx, asked, MANY, BELAY_MILLISECOND) == 0);
    asked[MANY - 1].fd = pipes.full[0];
    CHECK(belay_poll(ctx, asked, MANY, -1) == 1);

    CHECK(asked[MANY - 1].revents == POLLIN && asked[0].revents == 0);
    belay_end(ctx);
    close_pipes(pipes);
}

TEST(the_requests_are_left_as_they_were)
{
    struct pipes pipes = make_pipes();
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct pollfd asked = {pipes.empty[0], POLLIN | POLLPRI, 0};

    CHECK(belay_poll(ctx, &asked, 1, 1) == 0);

    CHECK(asked.fd == pipes.empty[0] && asked.events == (POLLIN | POLLPRI));
    belay_end(ctx);
    close_pipes(pipes);
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; ++fd)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

TEST(a_poll_needs_one_descriptor_for_the_thread_and_none_for_the_context)
{
    struct pollfd none = {-1, POLLIN, 0};
    belay_ctx *contexts[100];
    for (size_t i = 0; i < LENGTH(contexts); ++i)
        contexts[i] = belay_with_cancel(NULL);
    CHECK(belay_poll(contexts[0], &none, 1, 1) == 0);
    int before = count_descriptors();

    for (size_t i = 0; i < LENGTH(contexts); ++i)
        CHECK(belay_poll(contexts[i], &none, 1, 1) == 0);

    CHECK(count_descriptors() == before);
    for (size_t i = 0; i < LENGTH(contexts); ++i)
        belay_end(contexts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poll_counts_the_descriptors_that_are_ready),
        cmocka_unit_test(poll_returns_0_after_the_timeout),
        cmocka_unit_test(without_descriptors_poll_is_a_sleep),
        cmocka_unit_test(the_end_wins_over_descriptors_that_are_ready),
        cmocka_unit_test(a_deadline_ends_a_poll),
        cmocka_unit_test(a_cancel_ends_a_poll),
        cmocka_unit_test(a_descriptor_that_becomes_ready_ends_a_poll),
        cmocka_unit_test(negative_descriptors_are_ignored),
        cmocka_unit_test(a_closed_descriptor_is_ready_with_its_error),
        cmocka_unit_test(many_descriptors_may_be_polled),
        cmocka_unit_test(the_requests_are_left_as_they_were),
        cmocka_unit_test(
            a_poll_needs_one_descriptor_for_the_thread_and_none_for_the_context),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
