/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <belay/belay.h>
#include <belay/group.h>
#include <belay/peer.h>
#include <belay/resolve.h>

#include <dirent.h>
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* After dlclose() with nothing in flight nothing is left: rule 10.  This
   program is not linked with the library, and finds it through BELAY_SO. */

struct library {
    void *handle;
    belay_ctx *(*with_timeout)(const belay_ctx *parent, belay_duration after);
    belay_ctx *(*with_cancel)(const belay_ctx *parent);
    void (*end)(belay_ctx *ctx);
    int (*wait)(const belay_ctx *ctx);
    int (*fd)(const belay_ctx *ctx);
    int (*clock_fd)(void);
    struct belay_after *(*after_func)(const belay_ctx *ctx,
                                      void (*fn)(void *arg), void *arg);
    bool (*after_join)(struct belay_after *after);
    int (*resolve)(const belay_ctx *ctx, const char *host, const char *service,
                   const struct addrinfo *hints, struct addrinfo **ret_list);
    void (*resolve_free)(struct addrinfo *list);
    belay_group *(*group_start_at)(const belay_ctx *parent,
                                   const struct belay_group_rules *rules,
                                   const char *where);
    int (*group_go_at)(belay_group *group, belay_job *job, void *arg,
                       const char *where);
    int (*group_end_at)(belay_group *group, const char *where);
    belay_ctx *(*with_peer)(const belay_ctx *parent, int socket,
                            enum belay_fin fin);
};

static void *symbol(void *handle, const char *name)
{
    void *address = dlsym(handle, name);
    CHECK(address != NULL);
    return address;
}

#define FIND(function) \
    (*(void **)&library.function = symbol(library.handle, "belay_" #function))

/* Skips the test where there is no library, or it has been loaded for good. */
static struct library load(void)
{
    struct library library = {.handle = NULL};
    const char *path = getenv("BELAY_SO");
    if (path == NULL || dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL)
        skip();
    library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library.handle != NULL);
    FIND(with_timeout);
    FIND(with_cancel);
    FIND(end);
    FIND(wait);
    FIND(fd);
    FIND(clock_fd);
    FIND(after_func);
    FIND(after_join);
    FIND(resolve);
    FIND(resolve_free);
    FIND(group_start_at);
    FIND(group_go_at);
    FIND(group_end_at);
    FIND(with_peer);
    return library;
}

static bool is_loaded(void)
{
    void *handle = dlopen(getenv("BELAY_SO"), RTLD_NOW | RTLD_NOLOAD);
    if (handle != NULL)
        dlclose(handle);
    return handle != NULL;
}

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    while (readdir(directory) != NULL)
        ++count;
    closedir(directory);
    return count;
}

/* A thread that was joined may be listed for a moment longer: there may be
   fewer than there were, too. */
static void await_threads(int count)
{
    while (count_entries("/proc/self/task") > count)
        sched_yield();
}

struct before {
    int threads;
    int descriptors;
};

static void *nothing_at_all(void *arg)
{
    return arg;
}

static struct before look(void)
{
    join(start(nothing_at_all, NULL)); /* a sanitizer may add one of its own */
    return (struct before){count_entries("/proc/self/task"),
                           count_entries("/proc/self/fd")};
}

static void check_that_nothing_is_left(struct before before)
{
    await_threads(before.threads);
    CHECK(count_entries("/proc/self/fd") == before.descriptors);
    CHECK(!is_loaded());
}

TEST(loading_the_library_leaves_no_trace)
{
    struct before before = look();

    struct library library = load();
    CHECK(count_entries("/proc/self/task") == before.threads);
    CHECK(count_entries("/proc/self/fd") == before.descriptors);
    CHECK(dlclose(library.handle) == 0);

    check_that_nothing_is_left(before);
}

TEST(contexts_leave_no_trace)
{
    struct before before = look();
    struct library library = load();

    belay_ctx *parent = library.with_cancel(NULL);
    belay_ctx *child = library.with_cancel(parent);
    CHECK(library.fd(child) >= 0);
    library.end(child);
    library.end(parent);

    CHECK(dlclose(library.handle) == 0);
    check_that_nothing_is_left(before);
}

static int do_nothing(const belay_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 0;
}

/* Nor what it does at a fork(). */
TEST(groups_leave_no_trace)
{
    struct before before = look();
    struct library library = load();

    belay_group *group = library.group_start_at(NULL, NULL, "here");
    for (int i = 0; i < 10; ++i)
        CHECK(library.group_go_at(group, do_nothing, NULL, "here") == 0);
    CHECK(library.group_end_at(group, "here") == 0);

    CHECK(dlclose(library.handle) == 0);
    check_that_nothing_is_left(before);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* Rule 10 */
TEST(the_clock_leaves_no_trace)
{
    struct before before = look();
    struct library library = load();

    belay_ctx *ctx = library.with_timeout(NULL, BELAY_MILLISECOND);
    belay_ctx *late = library.with_timeout(NULL, BELAY_HOUR);
    CHECK(library.wait(ctx) == BELAY_DEADLINE_EXCEEDED);
    library.end(late);
    library.end(ctx);

    CHECK(dlclose(library.handle) == 0);
    check_that_nothing_is_left(before);
}

TEST(a_driven_clock_leaves_no_trace)
{
    struct before before = look();
    struct library library = load();

    CHECK(library.clock_fd() >= 0);
    library.end(library.with_timeout(NULL, BELAY_HOUR));

    CHECK(dlclose(library.handle) == 0);
    check_that_nothing_is_left(before);
}

static void nothing(void *arg)
{
    (void)arg;
}

TEST(after_functions_leave_no_trace)
{
    struct before before = look();
    struct library library = load();

    for (int i = 0; i < 10; ++i) {
        belay_ctx *ctx = library.with_cancel(NULL);
        struct belay_after *after = library.after_func(ctx, nothing, NULL);
        library.end(ctx);
        CHECK(!library.after_join(after));
    }

    CHECK(dlclose(library.handle) == 0);
    check_that_nothing_is_left(before);
}

TEST(watched_peers_leave_no_trace)
{
    int sockets[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    struct before before = look();
    struct library library = load();

    belay_ctx *ctx = library.with_peer(NULL, sockets[0], BELAY_FIN_ENDS);
    CHECK(count_entries("/proc/self/fd") > before.descriptors);
    library.end(ctx);

    CHECK(dlclose(library.handle) == 0);
    check_that_nothing_is_left(before);
    close(sockets[0]);
    close(sockets[1]);
}

/* The code that a fork() handler would run is gone. */
TEST(a_process_may_fork_when_the_library_is_gone)
{
    struct before before = look();
    struct library library = load();
    library.end(library.with_timeout(NULL, BELAY_HOUR));
    CHECK(dlclose(library.handle) == 0);

    pid_t child = fork();
    if (child == 0)
        _exit(0);

    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    check_that_nothing_is_left(before);
}

/* Class Q: again and again, as a program with plug-ins does. */
TEST(the_library_may_be_loaded_and_unloaded_many_times)
{
    struct before before = look();

    for (int i = 0; i < (SANITIZED ? 20 : 300); ++i) {
        struct library library = load();
        belay_ctx *ctx = library.with_timeout(NULL, 0);
        library.end(library.with_timeout(NULL, BELAY_HOUR));
        CHECK(!library.after_join(library.after_func(ctx, nothing, NULL)));
        library.end(ctx);
        CHECK(dlclose(library.handle) == 0);
    }

    check_that_nothing_is_left(before);
}

/* From a look-up that nothing can interrupt, a thread comes back into it. */
TEST(a_look_up_keeps_the_library_loaded)
{
    struct library library = load();
    struct addrinfo *list;

    CHECK(library.resolve(NULL, "localhost", "80", NULL, &list) == 0);
    library.resolve_free(list);
    CHECK(dlclose(library.handle) == 0);

    CHECK(is_loaded());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_the_library_leaves_no_trace),
        cmocka_unit_test(contexts_leave_no_trace),
        cmocka_unit_test(groups_leave_no_trace),
        cmocka_unit_test(the_clock_leaves_no_trace),
        cmocka_unit_test(a_driven_clock_leaves_no_trace),
        cmocka_unit_test(after_functions_leave_no_trace),
        cmocka_unit_test(watched_peers_leave_no_trace),
        cmocka_unit_test(a_process_may_fork_when_the_library_is_gone),
        cmocka_unit_test(the_library_may_be_loaded_and_unloaded_many_times),
        cmocka_unit_test(a_look_up_keeps_the_library_loaded), /* the last */
    };
    watchdog();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
