/* SPDX-License-Identifier: MIT */
#include "child.h"
#include "http.h"

#include <belay/mhd.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>

/* Behind a proxy: a client that leaves the one leaves the other, too.  The
   configurations are those of docs/proxies.md; PROXIES is where they are. */

extern char **environ;

struct proxy {
    pid_t process;
    struct sockaddr_in address;
    char directory[40];
};

/* Copies a configuration, with other ports in the place of 8080 and 8000. */
static void configure(const struct proxy *proxy, const char *name,
                      unsigned back)
{
    char path[300];
    char line[200];
    snprintf(path, sizeof path, "%s/%s", getenv("PROXIES"), name);
    FILE *from = fopen(path, "r");
    snprintf(path, sizeof path, "%s/%s", proxy->directory, name);
    FILE *to = fopen(path, "w");
    CHECK(from != NULL && to != NULL);
    while (fgets(line, sizeof line, from) != NULL) {
        char *port = strstr(line, "127.0.0.1:80");
        if (port == NULL) {
            fputs(line, to);
            continue;
        }
        bool is_front = strncmp(port, "127.0.0.1:8080", 14) == 0;
        fprintf(to, "%.*s127.0.0.1:%u%s", (int)(port - line), line,
                is_front ? ntohs(proxy->address.sin_port) : back, port + 14);
    }
    fclose(from);
    fclose(to);
}

/* Returns its process id, or skips the test where there is no such program. */
static pid_t run(const char *const argv[])
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int err = posix_spawn(&child, argv[0], &files, NULL, (char *const *)argv,
                          environ);
    posix_spawn_file_actions_destroy(&files);
    if (err != 0)
        skip();
    return child;
}

static pid_t run_nginx(const struct proxy *proxy)
{
    static const char settings[] = "daemon off; master_process off; "
                                   "pid nginx.pid; error_log stderr;";
    const char *const argv[] = {"/usr/sbin/nginx", "-p", proxy->directory, "-e",
                                "stderr",          "-c", "nginx.conf",     "-g",
                                settings,          NULL};
    return run(argv);
}

static pid_t run_haproxy(const struct proxy *proxy)
{
    const char *const argv[] = {
        "/usr/sbin/haproxy", "-db", "-C", proxy->directory, "-f",
        "haproxy.cfg",       NULL};
    return run(argv);
}

static void start_proxy(struct proxy *proxy, const char *configuration,
                        pid_t (*run_it)(const struct proxy *),
                        struct belay_mhd *server)
{
    strcpy(proxy->directory, "/tmp/belay-proxy-XXXXXX");
    CHECK(mkdtemp(proxy->directory) != NULL);
    CHECK(chmod(proxy->directory, 0755) == 0);
    close(listen_somewhere(&proxy->address)); /* a port that is free */
    configure(proxy, configuration, port_of(server));
    proxy->process = run_it(proxy);
}

static void stop_proxy(const struct proxy *proxy)
{
    kill(proxy->process, SIGKILL);
    CHECK(status_of(proxy->process) == -SIGKILL);
    const char *const argv[] = {"/bin/rm", "-r", proxy->directory, NULL};
    CHECK(status_of(run(argv)) == 0);
}

/* Asks as soon as the proxy listens. */
static int ask_through(const struct proxy *proxy, const char *what)
{
    for (;; sched_yield()) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(client, (const struct sockaddr *)&proxy->address,
                    sizeof proxy->address) == 0) {
            ask(client, what);
            return client;
        }
        close(client);
        CHECK(waitpid(proxy->process, NULL, WNOHANG) == 0); /* it lives */
    }
}

static void check_that_it_passes(const char *configuration,
                                 pid_t (*run_it)(const struct proxy *))
{
    static void (*const ways_to_go[])(int) = {leave, reset};
    if (getenv("PROXIES") == NULL)
        skip();
    struct stage stage;
    struct proxy proxy;
    struct belay_mhd *server = serve_with(&stage, A_THREAD_EACH);
    start_proxy(&proxy, configuration, run_it, server);
    for (size_t i = 0; i < LENGTH(ways_to_go); ++i) {
        int client = ask_through(&proxy, "GET /");
        await(&stage.entered);

        ways_to_go[i](client);

        await(&stage.ended);
        CHECK(stage.code == -EPIPE || stage.code == -ECONNRESET);
        client = ask_through(&proxy, "GET /quick");
        CHECK(reply_to(client) == 200);
        close(client);
    }
    stop_proxy(&proxy);
    stop_server(server);
}

TEST(nginx_passes_on_that_a_client_has_left)
{
    check_that_it_passes("nginx.conf", run_nginx);
}

TEST(haproxy_passes_on_that_a_client_has_left)
{
    check_that_it_passes("haproxy.cfg", run_haproxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nginx_passes_on_that_a_client_has_left),
        cmocka_unit_test(haproxy_passes_on_that_a_client_has_left),
    };
    watchdog();
    if (access("/usr/sbin/nginx", X_OK) != 0 &&
        access("/usr/sbin/haproxy", X_OK) != 0) {
        puts("neither nginx nor haproxy here");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
