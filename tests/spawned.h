/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SPAWNED_H
#define TESTS_SPAWNED_H

/* Processes that say when they are ready, and where they have gone. */

#include "check.h"

#include <belay/process.h>

#include <signal.h>

#define SHELL(script) \
    (const char *const[]) \
    { \
        "sh", "-c", script, NULL \
    }

/* It ignores the signal, leaves the group and the session, and its parents. */
#define STUBBORN \
    "trap '' TERM HUP; setsid sh -c " \
    "'(setsid sh -c \"trap \\\"\\\" TERM HUP; echo \\$\\$; exec sleep 60\" " \
    "&)' " \
    "&\n"

#define SHORT (20 * BELAY_MILLISECOND)

/* Starts a command, and returns its first line once it has come. */
static inline const char *spawn(const belay_ctx *ctx,
                                struct belay_process *process,
                                struct belay_command command)
{
    static char line[100];
    size_t length = 0;
    command.out = BELAY_PIPE;
    CHECK(belay_process_spawn(ctx, process, &command) == 0);
    while (length == 0 || line[length - 1] != '\n') {
        ssize_t count =
            belay_process_read(NULL, process, process->out, line + length,
                               sizeof line - 1 - length);
        CHECK(count > 0);
        length += (size_t)count;
    }
    line[length] = '\0';
    return line;
}

/* Not there, or no more than a zombie that its parent has to reap. */
static inline bool is_gone(pid_t pid)
{
    char path[64];
    char text[200] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "r");
    if (stat == NULL)
        return true;
    size_t length = fread(text, 1, sizeof text - 1, stat);
    fclose(stat);
    const char *state = length > 0 ? strrchr(text, ')') : NULL;
    return state == NULL || state[2] == 'Z' || state[2] == 'X';
}

static inline void cancel_and_wait(belay_ctx *ctx,
                                   struct belay_process *process)
{
    struct belay_process_result result;
    belay_cancel(ctx);
    CHECK(belay_process_wait(ctx, process, &result) == 0);
    CHECK(result.was_stopped);
    belay_process_end(process);
    belay_end(ctx);
}

#endif
