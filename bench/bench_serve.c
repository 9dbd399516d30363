/* SPDX-License-Identifier: MIT */

/*
 * h2: a trivial handler under libmicrohttpd, alone and with a context that has
 * a deadline for each request; and under Go's net/http.  One client for all,
 * so this program answers for the three of them.
 */

#define PEER "belay"

#include "bench.h"
#include "questions/serve.h"

#include <belay/mhd.h>

#include <libgen.h>
#include <signal.h>
#include <sys/wait.h>

static enum MHD_Result answer_ok(struct MHD_Connection *connection)
{
    static char text[] = "ok\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result =
        MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* --- The servers, each a process that writes its port ------------------- */

enum { FLAGS = MHD_USE_EPOLL_INTERNAL_THREAD };

static int port_of(struct MHD_Daemon *daemon)
{
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *data_size, void **state)
{
    (void)arg, (void)url, (void)method, (void)version, (void)data,
        (void)data_size;
    static int seen;
    if (*state == NULL) {
        *state = &seen;
        return MHD_YES;
    }
    return answer_ok(connection);
}

static int serve_alone(void)
{
    struct MHD_Daemon *daemon =
        MHD_start_daemon(FLAGS, 0, NULL, NULL, handle, NULL, MHD_OPTION_END);
    return daemon != NULL ? port_of(daemon) : -1;
}

static enum MHD_Result handle_with(const belay_ctx *ctx, void *arg,
                                   struct MHD_Connection *connection,
                                   const char *url, const char *method,
                                   const char *version, const char *data,
                                   size_t *data_size, void **state)
{
    if (belay_err(ctx) != 0)
        return MHD_NO;
    return handle(arg, connection, url, method, version, data, data_size,
                  state);
}

static belay_ctx *give_ten_seconds(const belay_ctx *ctx, void *arg,
                                   struct MHD_Connection *connection)
{
    (void)arg, (void)connection;
    return belay_with_timeout(ctx, 10 * BELAY_SECOND);
}

static int serve_with(void)
{
    struct belay_mhd_settings settings = {
        .flags = FLAGS, .handler = handle_with, .derive = give_ten_seconds};
    struct belay_mhd *server;
    if (belay_mhd_start(NULL, &settings, &server) != 0)
        return -1;
    return port_of(belay_mhd_daemon(server));
}

static int serve_go(void)
{
    char self[512] = "";
    char other[600];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return -1;
    snprintf(other, sizeof other, "%s/peer_go", dirname(self));
    execl(other, "peer_go", "serve", (char *)NULL);
    return -1;
}

/* --- The client --------------------------------------------------------- */

static pid_t start_server(int (*serve)(void), int *ret_port)
{
    int ends[2];
    if (pipe(ends) != 0)
        exit(1);
    fflush(stdout);
    pid_t server = fork();
    if (server == 0) {
        pin(1);
        dup2(ends[1], STDOUT_FILENO);
        printf("%d\n", serve()); /* Go's writes its own */
        fflush(stdout);
        for (;;)
            pause();
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    if (from == NULL || fscanf(from, "%d", ret_port) != 1)
        *ret_port = -1;
    if (from != NULL)
        fclose(from);
    return server;
}

static void ask_serve(size_t n)
{
    static const struct {
        const char *peer;
        int (*serve)(void);
    } servers[] = {
        {"belay", serve_with}, {"mhd", serve_alone}, {"go", serve_go}};
    pin(0);
    for (size_t i = 0; i < sizeof servers / sizeof *servers; ++i) {
        int port;
        pid_t server = start_server(servers[i].serve, &port);
        if (port > 0) {
            int64_t duration = (int64_t)unless_quick(n) * 1000000;
            double rate = requests_per_second(port, duration);
            printf("h2.serve\t%s\tns\t%.3f\n", servers[i].peer, 1e9 / rate);
        }
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct question questions[] = {{"h2", ask_serve, 3000}};
    return ANSWER(argc, argv, "this tree, libmicrohttpd", questions);
}
