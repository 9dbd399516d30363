/* SPDX-License-Identifier: MIT */
#include "curling.h"

#include <belay/curl.h>

#include <dirent.h>
#include <sys/mount.h>

/*
 * A name is being looked up, by a thread of libcurl's, at a name server that is
 * this test.  It needs a mount namespace, to have an /etc/resolv.conf of its
 * own, and port 53.
 */

static bool put_in_place(const char *text, const char *path)
{
    char made[] = "/tmp/belay-XXXXXX";
    int fd = mkstemp(made);
    bool done = fd >= 0 && write(fd, text, strlen(text)) > 0 &&
                mount(made, path, "none", MS_BIND, NULL) == 0;
    close(fd);
    unlink(made);
    return done;
}

/* Returns the name server's socket; -1: not allowed here. */
static int serve_names(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(53)};
    inet_aton("127.0.83.53", &name.sin_addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
        unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
        put_in_place("nameserver 127.0.83.53\n"
                     "options timeout:30 attempts:1\n",
                     "/etc/resolv.conf") &&
        put_in_place("hosts: dns\n", "/etc/nsswitch.conf"))
        return fd;
    close(fd);
    return -1;
}

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (readdir(tasks) != NULL)
        ++count;
    closedir(tasks);
    return count;
}

/* A thread that has been joined may be listed for a moment. */
static void await_threads(int count)
{
    while (threads() > count)
        sched_yield();
}

static void *perform(void *arg)
{
    struct fixture *it = arg;
    return (void *)(intptr_t)belay_curl_perform(it->ctx, it->easy);
}

/* The thread that looks it up is still there: nobody has waited for it. */
TEST(a_cancel_does_not_wait_for_a_name_to_be_looked_up)
{
    int *server = *state;
    char question[512];
    struct fixture it;
    if (*server < 0)
        skip();
    set(&it, "/");
    int before = threads();
    curl_easy_setopt(it.easy, CURLOPT_URL, "http://belay.invalid/");
    curl_easy_setopt(it.easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
    pthread_t thread = start(perform, &it);
    CHECK(recv(*server, question, sizeof question, 0) > 0);

    belay_cancel(it.ctx);

    CHECK((intptr_t)join(thread) == CURLE_ABORTED_BY_CALLBACK);
    await_threads(before + 1);
    CHECK(threads() == before + 1);
    ask_for(it.easy, it.web->url, "/");
    CHECK(belay_curl_perform(NULL, it.easy) == CURLE_OK);
    clear(&it);
}

int main(void)
{
    static int server;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(
            a_cancel_does_not_wait_for_a_name_to_be_looked_up, &server),
    };
    watchdog();
    server = serve_names();
    if (server < 0)
        print_message("needs a mount namespace and port 53\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
