/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* What cannot be watched, what runs out, fork() and exit(). */

/* The library's calls come here: the limit of the system is not ours to set. */
static atomic_int refusal;

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    int err = atomic_load(&refusal);
    if (err == 0 || operation != EPOLL_CTL_ADD)
        return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
    errno = err;
    return -1;
}

TEST(what_has_no_peer_gives_a_context_that_says_so)
{
    struct sockaddr_in address;
    int pipe_ends[2];
    CHECK(pipe2(pipe_ends, O_CLOEXEC) == 0);
    const struct {
        int fd;
        int code;
    } cases[] = {
        {-1, -EBADF},
        {INT32_MAX, -EBADF},
        {pipe_ends[0], -ENOTSOCK},
        {open("/proc/self/exe", O_RDONLY | O_CLOEXEC), -ENOTSOCK},
        {socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), -EPROTOTYPE},
        {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), -ENOTCONN},
        {socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), -ENOTCONN},
        {listen_somewhere(&address), -ENOTCONN},
    };
    for (size_t i = 0; i < LENGTH(cases); ++i) {
        belay_ctx *ctx = belay_with_peer(NULL, cases[i].fd, BELAY_FIN_PASSES);
        CHECK(belay_err(ctx) == BELAY_CANCELED);
        CHECK(code_of(ctx) == cases[i].code);
        CHECK(strstr(belay_cause(ctx)->text, "peer of descriptor") != NULL);
        belay_end(ctx);
        if (i >= 2)
            close(cases[i].fd);
    }
    close(pipe_ends[1]);
}

TEST(where_the_system_watches_no_more_the_context_has_ended)
{
    struct ends ends = tcp_ends();
    atomic_store(&refusal, ENOSPC);
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    atomic_store(&refusal, 0);

    CHECK(belay_err(ctx) == BELAY_CANCELED);
    CHECK(code_of(ctx) == -ENOSPC);
    belay_end(ctx);

    ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    CHECK(belay_err(ctx) == 0);
    belay_end(ctx);
    close_ends(ends);
}

/* In a child, so that the thread is started there. */
static void run_out_of_descriptors(void *arg)
{
    struct ends ends = *(struct ends *)arg;
    int last = dup(ends.ours);
    const struct rlimit none = {(rlim_t)last, (rlim_t)last};
    close(last);
    EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0);
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    EXPECT(code_of(ctx) == -EMFILE);
    belay_end(ctx);
}

TEST(without_a_descriptor_to_watch_with_the_context_has_ended)
{
    struct ends ends = tcp_ends();
    CHECK(in_child(run_out_of_descriptors, &ends) == 0);
    close_ends(ends);
}

static void run_out_of_threads(void *arg)
{
    struct ends ends = *(struct ends *)arg;
    pthread_attr_t huge;
    EXPECT(pthread_attr_init(&huge) == 0);
    EXPECT(pthread_attr_setstacksize(&huge, (size_t)1 << 46) == 0);
    EXPECT(pthread_setattr_default_np(&huge) == 0);
    int before = dup(ends.ours);
    close(before);

    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);

    EXPECT(code_of(ctx) == -EAGAIN);
    belay_end(ctx);
    EXPECT(dup(ends.ours) == before);
}

TEST(without_a_thread_the_context_has_ended_and_no_descriptor_is_left)
{
    if (SANITIZED)
        skip(); /* they would make the stack themselves */
    struct ends ends = tcp_ends();
    CHECK(in_child(run_out_of_threads, &ends) == 0);
    close_ends(ends);
}

TEST(errno_is_nobodys_business)
{
    struct ends ends = tcp_ends();
    errno = EXFULL;
    belay_ctx *refused = belay_with_peer(NULL, -1, BELAY_FIN_ENDS);
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    (void)belay_peer_must_answer(-1, 2 * BELAY_SECOND);
    belay_end(ctx);
    belay_end(refused);
    CHECK(errno == EXFULL);
    close_ends(ends);
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all) != NULL)
        ++count;
    closedir(all);
    return count;
}

TEST(many_that_leave_at_once_are_all_noticed_and_nothing_is_left)
{
    enum { MANY = 400 };
    static struct ends ends[MANY];
    static belay_ctx *ctxs[MANY];
    let_the_watcher_catch_up(); /* it has its descriptors */
    int before = count_descriptors();
    for (int i = 0; i < MANY; ++i) {
        ends[i] = unix_ends();
        ctxs[i] = belay_with_peer(NULL, ends[i].ours, BELAY_FIN_ENDS);
    }
    CHECK(count_descriptors() == before + 2 * MANY);

    for (int i = 0; i < MANY; ++i)
        hang_up(&ends[i]);

    for (int i = 0; i < MANY; ++i) {
        CHECK(belay_wait(ctxs[i]) == BELAY_CANCELED);
        belay_end(ctxs[i]);
        close_ends(ends[i]);
    }
    CHECK(count_descriptors() == before);
}

/* --- fork() and exit() ---------------------------------------------------- */

struct inherited {
    struct ends ends;
    belay_ctx *ctx;
};

static void end_what_is_the_parents(void *arg)
{
    struct inherited *inherited = arg;
    EXPECT(belay_err(inherited->ctx) == 0);
    belay_end(inherited->ctx);
    close_ends(inherited->ends);
}

TEST(a_child_process_that_ends_its_copy_takes_nothing_from_its_parent)
{
    struct inherited inherited = {.ends = tcp_ends()};
    inherited.ctx = belay_with_peer(NULL, inherited.ends.ours, BELAY_FIN_ENDS);

    CHECK(in_child(end_what_is_the_parents, &inherited) == 0);
    hang_up(&inherited.ends);

    CHECK(belay_wait(inherited.ctx) == BELAY_CANCELED);
    CHECK(code_of(inherited.ctx) == -EPIPE);
    belay_end(inherited.ctx);
    close_ends(inherited.ends);
}

static void watch_anew(void *arg)
{
    struct inherited *inherited = arg;
    struct ends ends = unix_ends();
    belay_ctx *own = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    belay_ctx *again =
        belay_with_peer(NULL, inherited->ends.ours, BELAY_FIN_ENDS);
    shutdown(inherited->ends.theirs, SHUT_WR);
    EXPECT(belay_wait(again) == BELAY_CANCELED);
    hang_up(&ends);
    EXPECT(belay_wait(own) == BELAY_CANCELED);
    belay_end(inherited->ctx);
    belay_end(again);
    belay_end(own);
}

TEST(a_child_process_watches_what_it_asks_for_itself)
{
    struct inherited inherited = {.ends = tcp_ends()};
    inherited.ctx = belay_with_peer(NULL, inherited.ends.ours, BELAY_FIN_ENDS);

    CHECK(in_child(watch_anew, &inherited) == 0);

    CHECK(belay_wait(inherited.ctx) == BELAY_CANCELED);
    belay_end(inherited.ctx);
    close_ends(inherited.ends);
}

static void leave_while_watching(void *arg)
{
    struct ends ends = *(struct ends *)arg;
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    EXPECT(belay_err(ctx) == 0);
    exit(0);
}

static void never_return(void *arg, int err)
{
    (void)err;
    sem_post(arg);
    for (;;)
        pause();
}

static void leave_while_telling(void *arg)
{
    struct ends ends = *(struct ends *)arg;
    static sem_t entered;
    static struct belay_watch watch;
    sem_init(&entered, 0, 0);
    belay_ctx *ctx = belay_with_peer(NULL, ends.ours, BELAY_FIN_ENDS);
    EXPECT(belay_watch(ctx, &watch, never_return, &entered));
    shutdown(ends.theirs, SHUT_WR);
    await(&entered);
    exit(0);
}

TEST(a_process_may_leave_while_sockets_are_watched)
{
    struct ends ends = unix_ends();
    CHECK(in_child(leave_while_watching, &ends) == 0);
    close_ends(ends);
}

TEST(a_process_that_leaves_does_not_wait_for_a_watch)
{
    struct ends ends = unix_ends();
    CHECK(in_child(leave_while_telling, &ends) == 0);
    close_ends(ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_may_leave_while_sockets_are_watched),
        cmocka_unit_test(a_process_that_leaves_does_not_wait_for_a_watch),
        cmocka_unit_test(
            without_a_descriptor_to_watch_with_the_context_has_ended),
        cmocka_unit_test(
            without_a_thread_the_context_has_ended_and_no_descriptor_is_left),
        cmocka_unit_test(what_has_no_peer_gives_a_context_that_says_so),
        cmocka_unit_test(
            where_the_system_watches_no_more_the_context_has_ended),
        cmocka_unit_test(errno_is_nobodys_business),
        cmocka_unit_test(
            many_that_leave_at_once_are_all_noticed_and_nothing_is_left),
        cmocka_unit_test(
            a_child_process_that_ends_its_copy_takes_nothing_from_its_parent),
        cmocka_unit_test(a_child_process_watches_what_it_asks_for_itself),
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
