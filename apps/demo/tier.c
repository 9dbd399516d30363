/* SPDX-License-Identifier: MIT */
#include "tier.h"

#include "listen.h"
#include "query.h"
#include "reply.h"

#include <belay/hop.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 600 };

/* One request, on the stack of its thread. */
struct visit {
    const belay_ctx *ctx;
    struct lane *lane;
};

/* A watch: the caller has closed, or the time it gave is over. */
static void note_end(void *arg, int err)
{
    (void)err;
    struct visit *visit = arg;
    part_told(visit->lane, HOP, belay_cause(visit->ctx)->when);
}

static int work(struct visit *visit, int work_ms, struct answer *ret_answer)
{
    clockid_t clock;
    pthread_getcpuclockid(pthread_self(), &clock);
    if (!part_begin(visit->lane, HOP, clock, belay_remaining(visit->ctx)))
        return BELAY_CANCELED;
    struct belay_watch watch = {0};
    if (!belay_watch(visit->ctx, &watch, note_end, visit))
        note_end(visit, belay_err(visit->ctx));
    int err = query_run(visit->ctx, work_ms, ret_answer);
    belay_unwatch(&watch);
    part_stop(visit->lane, HOP, err, -1);
    return err;
}

static enum MHD_Result answer(struct MHD_Connection *connection, int err,
                              const struct answer *answer)
{
    if (err == BELAY_DEADLINE_EXCEEDED)
        return reply_text(connection, 504, "the time given is over\n");
    if (err != 0)
        return reply_text(connection, 503, "%s\n", belay_strerror(err));
    return reply_text(connection, 200, "%lld pairs\n",
                      (long long)answer->pairs);
}

static int number(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                  const char *name)
{
    const char *text = MHD_lookup_connection_value(connection, kind, name);
    return text != NULL ? atoi(text) : 0;
}

static enum MHD_Result serve(const belay_ctx *ctx, void *arg,
                             struct MHD_Connection *connection,
                             const char *path, const char *method,
                             const char *version, const char *data,
                             size_t *data_size, void **state)
{
    (void)version;
    (void)data;
    struct tier *tier = arg;
    if (!reply_is_due(data_size, state))
        return MHD_YES;
    if (strcmp(path, "/work") != 0 || strcmp(method, "GET") != 0)
        return reply_text(connection, 404, "There is /work here.\n");
    int work_ms = number(connection, MHD_GET_ARGUMENT_KIND, "work");
    struct visit visit = {
        ctx,
        lane_find(tier->lanes,
                  (unsigned)number(connection, MHD_HEADER_KIND, "request-id"))};
    if (visit.lane == NULL || work_ms <= 0)
        return reply_text(connection, 400, "Work for whom, and how much?\n");
    struct answer found = {0, 0};
    int err = work(&visit, work_ms, &found);
    lane_release(visit.lane);
    return answer(connection, err, &found);
}

/* The time that is left, as the caller says. */
static belay_ctx *derive(const belay_ctx *ctx, void *arg,
                         struct MHD_Connection *connection)
{
    (void)arg;
    return belay_with_hop(
        ctx, BELAY_HOP_PLAIN,
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                    belay_hop_header(BELAY_HOP_PLAIN)));
}

int tier_start(struct tier *tier, struct lanes *lanes)
{
    *tier = (struct tier){.lanes = lanes};
    int fd = listen_near(&tier->port);
    if (fd < 0)
        return fd;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, NULL},
        {MHD_OPTION_END, 0, NULL}};
    struct belay_mhd_settings settings = {.flags = SERVER_FLAGS,
                                          .options = options,
                                          .handler = serve,
                                          .derive = derive,
                                          .arg = tier,
                                          .fin = BELAY_FIN_ENDS};
    int err = belay_mhd_start(NULL, &settings, &tier->http);
    if (err != 0)
        close(fd);
    return err;
}

void tier_stop(struct tier *tier)
{
    belay_mhd_stop(NULL, tier->http);
}
