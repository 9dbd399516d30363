/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>

TEST(a_descriptor_is_readable_once_its_context_has_ended)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_fd(ctx);
    CHECK(fd >= 0);
    CHECK(!is_readable(fd));

    belay_cancel(ctx);

    CHECK(is_readable(fd));
    belay_end(ctx);
}

/* CA23, S10 */
TEST(a_context_has_one_descriptor)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_fd(ctx);

    CHECK(belay_fd(ctx) == fd);
    belay_cancel(ctx);

    CHECK(belay_fd(ctx) == fd);
    belay_end(ctx);
}

/* Rule 2, reliability row 50 */
TEST(a_descriptor_made_after_the_end_is_readable)
{
    belay_ctx *canceled = belay_with_cancel(NULL);
    belay_ctx *late = belay_with_timeout(NULL, 0);
    belay_cancel(canceled);
    belay_ctx *born_ended = belay_with_cancel(canceled);

    CHECK(is_readable(belay_fd(canceled)));
    CHECK(is_readable(belay_fd(late)));
    CHECK(is_readable(belay_fd(born_ended)));

    belay_end(born_ended);
    belay_end(late);
    belay_end(canceled);
}

TEST(a_descriptor_stays_readable_when_someone_reads_from_it)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_fd(ctx);
    char bytes[64];
    CHECK(read(fd, bytes, sizeof bytes) < 0);
    belay_cancel(ctx);

    for (int i = 0; i < 1000; ++i)
        CHECK(read(fd, bytes, sizeof bytes) > 0);

    CHECK(is_readable(fd));
    belay_end(ctx);
}

TEST(a_descriptor_is_closed_on_exec)
{
    belay_ctx *ctx = belay_with_cancel(NULL);

    CHECK((fcntl(belay_fd(ctx), F_GETFD) & FD_CLOEXEC) != 0);

    belay_end(ctx);
}

TEST(a_descriptor_is_closed_with_its_context)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    const belay_ctx *kept = belay_ref(ctx);
    int fd = belay_fd(ctx);

    belay_end(ctx);
    CHECK(is_readable(fd));
    belay_unref(kept);

    CHECK(fcntl(fd, F_GETFD) == -1);
}

TEST(a_live_context_with_a_descriptor_is_closed_when_it_is_ended)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int fd = belay_fd(ctx);

    belay_end(ctx);

    CHECK(fcntl(fd, F_GETFD) == -1);
}

TEST(every_descendants_descriptor_is_readable_when_cancel_returns)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_timeout(parent, BELAY_HOUR);
    belay_ctx *value = belay_with_value(child, &key, NULL);
    belay_ctx *grandchild = belay_with_cancel(value);
    const belay_ctx *all[] = {parent, child, value, grandchild};
    for (size_t i = 0; i < LENGTH(all); ++i)
        CHECK(!is_readable(belay_fd(all[i])));

    belay_cancel(parent);

    for (size_t i = 0; i < LENGTH(all); ++i)
        CHECK(is_readable(belay_fd(all[i])));
    belay_end(grandchild);
    belay_end(value);
    belay_end(child);
    belay_end(parent);
}

TEST(a_childs_end_leaves_its_parents_descriptor_alone)
{
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *child = belay_with_cancel(parent);
    int fd = belay_fd(parent);
    CHECK(belay_fd(child) != fd);

    belay_end(child);

    CHECK(!is_readable(fd));
    belay_end(parent);
}

TEST(a_value_contexts_descriptor_outlives_it)
{
    static const struct belay_key key = {"key", NULL};
    belay_ctx *parent = belay_with_cancel(NULL);
    belay_ctx *value = belay_with_value(parent, &key, NULL);
    int fd = belay_fd(value);

    belay_end(value);

    CHECK(belay_fd(parent) == fd && !is_readable(fd));
    belay_cancel(parent);
    CHECK(is_readable(fd));
    belay_end(parent);
}

TEST(a_deadline_makes_a_descriptor_readable)
{
    belay_ctx *ctx = belay_with_timeout(NULL, BELAY_MILLISECOND);
    struct pollfd asked = {belay_fd(ctx), POLLIN, 0};

    CHECK(poll(&asked, 1, -1) == 1);

    CHECK(belay_err(ctx) == BELAY_DEADLINE_EXCEEDED);
    belay_end(ctx);
}

TEST(a_descriptor_works_with_epoll)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 17};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, belay_fd(ctx), &event) == 0);
    CHECK(epoll_wait(epoll, &event, 1, 0) == 0);

    belay_cancel(ctx);

    CHECK(epoll_wait(epoll, &event, 1, -1) == 1 && event.data.u32 == 17);
    close(epoll);
    belay_end(ctx);
}

/* --- No descriptor to be had -------------------------------------------- */

/* Takes away all descriptors there are left, by lowering the limit. */
static void use_up_descriptors(struct rlimit *ret_before)
{
    int lowest = dup(0);
    CHECK(lowest >= 0);
    close(lowest);
    CHECK(getrlimit(RLIMIT_NOFILE, ret_before) == 0);
    struct rlimit none = {(rlim_t)lowest, ret_before->rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
}

/* Rule 11 */
TEST(out_of_descriptors_is_an_ordinary_error)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    struct rlimit before;

    use_up_descriptors(&before);
    int fd = belay_fd(ctx);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);

    CHECK(fd == -EMFILE);
    CHECK(belay_err(ctx) == 0);
    CHECK(belay_fd(ctx) >= 0);
    belay_end(ctx);
}

TEST(polling_out_of_descriptors_is_an_ordinary_error)
{
    belay_ctx *ctx = belay_with_cancel(NULL);
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct pollfd asked = {ends[0], POLLIN, POLLERR};
    struct rlimit before;

    use_up_descriptors(&before);
    int ready = belay_poll(ctx, &asked, 1, BELAY_HOUR);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);

    CHECK(ready == -EMFILE);
    CHECK(asked.revents == 0);
    close(ends[0]);
    close(ends[1]);
    belay_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_is_readable_once_its_context_has_ended),
        cmocka_unit_test(a_context_has_one_descriptor),
        cmocka_unit_test(a_descriptor_made_after_the_end_is_readable),
        cmocka_unit_test(
            a_descriptor_stays_readable_when_someone_reads_from_it),
        cmocka_unit_test(a_descriptor_is_closed_on_exec),
        cmocka_unit_test(a_descriptor_is_closed_with_its_context),
        cmocka_unit_test(
            a_live_context_with_a_descriptor_is_closed_when_it_is_ended),
        cmocka_unit_test(
            every_descendants_descriptor_is_readable_when_cancel_returns),
        cmocka_unit_test(a_childs_end_leaves_its_parents_descriptor_alone),
        cmocka_unit_test(a_value_contexts_descriptor_outlives_it),
        cmocka_unit_test(a_deadline_makes_a_descriptor_readable),
        cmocka_unit_test(a_descriptor_works_with_epoll),
        cmocka_unit_test(out_of_descriptors_is_an_ordinary_error),
        cmocka_unit_test(polling_out_of_descriptors_is_an_ordinary_error),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
