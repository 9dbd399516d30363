/* SPDX-License-Identifier: MIT */
#include "storm.h"

#include "client.h"

#include <stdio.h>
#include <unistd.h>

static const belay_duration patience = 800 * BELAY_MILLISECOND;
static const belay_duration between = 40 * BELAY_MILLISECOND;

static void *run(void *arg)
{
    struct storm *storm = arg;
    char what[100];
    snprintf(what, sizeof what, "GET /query?budget=%d&work=%d&context=%s",
             storm->wish.budget_ms, storm->wish.work_ms,
             storm->wish.with_context ? "on" : "off");

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
        belay_sleep(storm->ctx, between);
    }
    atomic_store(&storm->is_on, false);
    return NULL;
}

int storm_start(struct storm *storm, const belay_ctx *ctx, int port,
                const struct wish *wish)
{
    bool is_on = false;
    if (!atomic_compare_exchange_strong(&storm->is_on, &is_on, true))
        return -EBUSY;
    storm_stop(storm);
    storm->ctx = belay_with_cancel(ctx);
    storm->port = port;
    storm->wish = *wish;
    int err = -pthread_create(&storm->thread, NULL, run, storm);
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
