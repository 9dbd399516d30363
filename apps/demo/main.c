/* SPDX-License-Identifier: MIT */
#include "query.h"
#include "selftest.h"
#include "server.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { USUAL_PORT = 8080, LAST_PORT = 65535, BAD_USAGE = 2 };

static const char usage[] =
    "Usage: belay-demo [--port PORT] [--selftest]\n"
    "Close the tab, and everything stops: a server whose queries end with\n"
    "their client, their budget or the server.  Ctrl-C stops it; once more,\n"
    "and it does not wait for the requests inside.\n";

static const belay_duration grace = 2 * BELAY_SECOND;

/* Blocked for all threads that are started from here on. */
static int watch_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void await_signal(int signals)
{
    struct pollfd input = {.fd = signals, .events = POLLIN};
    while (belay_poll(NULL, &input, 1, -1) != 1)
        continue;
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info)
        perror("belay-demo: signalfd");
}

static int serve(int signals, int port)
{
    static struct server server;
    int err = server_start(&server, port);
    if (err != 0) {
        fprintf(stderr, "belay-demo: port %d: %s\n", port, belay_strerror(err));
        return EXIT_FAILURE;
    }
    if (port != 0 && server.port != port)
        printf("Port %d is taken; the next free one is %d.\n", port,
               server.port);
    printf("Close the tab: http://127.0.0.1:%d/\n", server.port);
    fflush(stdout);

    await_signal(signals);
    printf("\nstopping: %d inside\n", gate_count(&server.gate, NULL, NULL));
    fflush(stdout);
    struct farewell farewell = server_stop(&server, grace, signals);
    printf("stopped: %d finished, %d canceled, %d left%s\n", farewell.finished,
           farewell.canceled, farewell.left,
           farewell.left > 0 ? " behind: without a context they cannot be told"
                             : "");
    fflush(stdout);
    if (farewell.left > 0)
        _exit(EXIT_SUCCESS); /* exit() would take from them what they use */
    return EXIT_SUCCESS;
}

static int bad_usage(const char *what, const char *value)
{
    if (what != NULL)
        fprintf(stderr, "belay-demo: %s \"%s\"\n", what, value);
    fputs(usage, stderr);
    return BAD_USAGE;
}

static bool read_port(const char *text, int *ret_port)
{
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    bool is_fine = end != text && *end == '\0' && errno == 0 && port >= 0 &&
                   port <= LAST_PORT;
    if (is_fine)
        *ret_port = (int)port;
    return is_fine;
}

static int run(bool is_test, int port)
{
    signal(SIGPIPE, SIG_IGN);
    int signals = watch_signals();
    int err = signals < 0 ? -errno : database_open();
    if (err != 0) {
        fprintf(stderr, "belay-demo: %s\n", belay_strerror(err));
        return EXIT_FAILURE;
    }
    int status = !is_test     ? serve(signals, port)
                 : selftest() ? EXIT_SUCCESS
                              : EXIT_FAILURE;
    database_close();
    close(signals);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"selftest", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int port = USUAL_PORT;
    bool is_test = false;
    for (int option;
         (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'p' && !read_port(optarg, &port))
            return bad_usage("no port:", optarg);
        if (option == '?')
            return bad_usage(NULL, NULL);
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        is_test = is_test || option == 't';
    }
    if (optind < argc)
        return bad_usage("what is", argv[optind]);
    return run(is_test, port);
}
