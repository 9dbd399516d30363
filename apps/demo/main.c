/* SPDX-License-Identifier: MIT */
#include "convert.h"
#include "pg.h"
#include "query.h"
#include "selftest.h"
#include "server.h"

#include <belay/signal.h>

#include <curl/curl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_PORT = 8080, LAST_PORT = 65535, BAD_USAGE = 2 };

static const char usage[] =
    "Usage: belay-demo [--port PORT] [--pg URL] [--selftest]\n"
    "Close the tab, and everything stops: a server whose requests end with\n"
    "their client, their budget or the server.  Ctrl-C stops it; once more,\n"
    "and it does not wait for the requests inside.\n"
    "\n"
    "  --port PORT  on the loopback (8080); if it is taken, the next free one\n"
    "  --pg URL     a PostgreSQL for the database, in the place of SQLite\n"
    "  --selftest   asks itself, over real sockets, and says how it went\n"
    "  --help       says this\n";

static const belay_duration grace = 2 * BELAY_SECOND;

static int serve(int port)
{
    struct belay_signals signals;
    int err = belay_signals_begin(&signals, NULL, NULL);
    static struct server server;
    server.log = stderr;
    if (err == 0)
        err = server_start(&server, port);
    if (err != 0) {
        fprintf(stderr, "belay-demo: port %d: %s\n", port, belay_strerror(err));
        belay_signals_end(&signals);
        return EXIT_FAILURE;
    }
    if (port != 0 && server.port != port)
        printf("Port %d is taken; the next free one is %d.\n", port,
               server.port);
    printf("Close the tab: http://127.0.0.1:%d/\n", server.port);
    fflush(stdout);

    belay_wait(signals.soft);
    printf("\nstopping: %d inside\n", gate_count(&server.gate, NULL, NULL));
    fflush(stdout);
    belay_ctx *ctx = belay_with_timeout(signals.hard, grace);
    struct farewell farewell = server_stop(ctx, &server);
    belay_end(ctx);
    belay_signals_end(&signals);
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

/* What the options ask for. */
struct wanted {
    const char *pg; /* NULL: SQLite */
    int port;
    bool is_test;
};

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

static int run(const struct wanted *wanted)
{
    signal(SIGPIPE, SIG_IGN);
    if (wanted->pg != NULL && pg_open(wanted->pg) != 0)
        return EXIT_FAILURE;
    int err = database_open();
    if (err == 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        err = -ENOMEM;
    if (err != 0) {
        fprintf(stderr, "belay-demo: %s\n", belay_strerror(err));
        return EXIT_FAILURE;
    }
    int status = !wanted->is_test ? serve(wanted->port)
                 : selftest()     ? EXIT_SUCCESS
                                  : EXIT_FAILURE;
    database_close();
    pg_close();
    return status;
}

/* What the server starts this program for. */
static int serve_inside(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--convert") == 0)
        return convert(atoi(argv[2]));
    if (argc == 4 && strcmp(argv[1], "--visit") == 0)
        return storm_visit(argv[2], argv[3]);
    return -1;
}

int main(int argc, char **argv)
{
    int inside = serve_inside(argc, argv);
    if (inside >= 0)
        return inside;
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"pg", required_argument, NULL, 'd'},
        {"selftest", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct wanted wanted = {.port = USUAL_PORT};
    for (int option;
         (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'p' && !read_port(optarg, &wanted.port))
            return bad_usage("no port:", optarg);
        if (option == '?')
            return bad_usage(NULL, NULL);
        if (option == 'h')
            return fputs(usage, stdout) < 0;
        if (option == 'd')
            wanted.pg = optarg;
        wanted.is_test = wanted.is_test || option == 't';
    }
    if (optind < argc)
        return bad_usage("what is", argv[optind]);
    return run(&wanted);
}
