/* SPDX-License-Identifier: MIT */
#include "storm.h"

#include "client.h"

#include <belay/process.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const belay_duration patience = 1200 * BELAY_MILLISECOND;

static void write_path(char *path, size_t size, const struct wish *wish,
                       int work_ms)
{
    snprintf(path, size, "/query?budget=%d&work=%d&context=%s", wish->budget_ms,
             work_ms, wish->with_context ? "on" : "off");
}

static void *run_storm(void *arg)
{
    struct storm *storm = arg;
    int work_ms = storm->wish.work_ms;
    char path[100];
    write_path(path, sizeof path, &storm->wish,
               work_ms < STORM_WORK_MS ? work_ms : STORM_WORK_MS);
    char what[120];
    snprintf(what, sizeof what, "GET %s", path);

    int fds[STORM_CLIENTS];
    for (int i = 0; i < STORM_CLIENTS; ++i) {
        fds[i] = client_connect(storm->port);
        if (fds[i] >= 0)
            client_ask(fds[i], what);
    }
    belay_sleep(storm->ctx, patience);
    for (int i = 0; i < STORM_CLIENTS; ++i) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    atomic_store(&storm->is_on, false);
    return NULL;
}

/* The end of its context is what kills it. */
static void *run_curl(void *arg)
{
    struct storm *storm = arg;
    char path[100], url[160], port[16];
    write_path(path, sizeof path, &storm->wish, storm->wish.work_ms);
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", storm->port, path);
    snprintf(port, sizeof port, "%d", storm->port);
    const char *const curl[] = {"curl", "-qsS", "--noproxy", "*", url, NULL};
    const char *const own[] = {"/proc/self/exe", "--visit", port, path, NULL};
    struct belay_command command = {.argv = curl,
                                    .in = BELAY_NULL,
                                    .out = BELAY_NULL,
                                    .err = BELAY_NULL,
                                    .stop_signal = SIGKILL};
    belay_ctx *ctx = belay_with_timeout(storm->ctx, patience);
    struct belay_process_result result;
    if (belay_process_run(ctx, &command, &result) == -ENOENT) {
        command.argv = own;
        belay_process_run(ctx, &command, &result);
    }
    belay_end(ctx);
    atomic_store(&storm->is_on, false);
    return NULL;
}

int storm_start(struct storm *storm, enum weather weather, const belay_ctx *ctx,
                int port, const struct wish *wish)
{
    bool is_on = false;
    if (!atomic_compare_exchange_strong(&storm->is_on, &is_on, true))
        return -EBUSY;
    storm_stop(storm);
    storm->ctx = belay_with_cancel(ctx);
    storm->port = port;
    storm->wish = *wish;
    int err =
        -pthread_create(&storm->thread, NULL,
                        weather == WEATHER_STORM ? run_storm : run_curl, storm);
    storm->has_thread = err == 0;
    if (err != 0) {
        belay_end(storm->ctx);
        atomic_store(&storm->is_on, false);
    }
    return err;
}

void storm_stop(struct storm *storm)
{
    if (!storm->has_thread)
        return;
    pthread_join(storm->thread, NULL);
    belay_end(storm->ctx);
    storm->has_thread = false;
}

int storm_visit(const char *port, const char *path)
{
    char what[200], answer[1000];
    snprintf(what, sizeof what, "GET %s", path);
    int fd = client_connect(atoi(port));
    if (fd < 0 || client_ask(fd, what) != 0)
        return EXIT_FAILURE;
    return client_read(NULL, fd, answer, sizeof answer) == 200 ? EXIT_SUCCESS
                                                               : EXIT_FAILURE;
}
