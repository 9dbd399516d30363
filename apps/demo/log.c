/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "server.h"

#include <stdio.h>

static double seconds(belay_duration duration)
{
    return (double)duration / (double)BELAY_SECOND;
}

/* A log that cannot be written, on a full disk say, stops nobody. */
void log_request(struct server *server, unsigned id)
{
    struct lane lane;
    if (server->log == NULL || !lanes_copy(&server->lanes, id, &lane))
        return;
    int64_t cpu = 0;
    for (int i = 0; i < PARTS; ++i)
        cpu += lane.part[i].cpu;
    fprintf(server->log, "#%u %d after %.3f s, %.3f CPU-s%s%s\n", lane.id,
            lane.status, seconds(lane.done - lane.began), seconds(cpu),
            lane.cause[0] != '\0' ? ": " : "", lane.cause);
    fflush(server->log);
}
