/* SPDX-License-Identifier: MIT */

/*
 * What a child finds in its environment.
 *
 *     BELAY_DEADLINE=<instant> <left> <clock>
 *     BELAY_PROCESS=<id>[:<id>...]
 *
 * Both times are in nanoseconds.  The instant is exact, however slowly the
 * child starts, where CLOCK_MONOTONIC is the same as ours: <clock> names the
 * boot and the time namespace.  Elsewhere there is only what was left.
 */

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLOCK_SIZE = 128, DEADLINE_SIZE = 64 + CLOCK_SIZE };

static const char deadline_name[] = "BELAY_DEADLINE=";
static const char process_name[] = "BELAY_PROCESS=";

/* --- Which clock it is --------------------------------------------------- */

/* Reads a line, without what ends it; -1: cannot be had. */
static ssize_t read_line(const char *path, char *line, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, line, size - 1);
    close(fd);
    line[length > 0 ? length : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return length;
}

/* A "?" is not the same as any other. */
static void name_clock(char *name)
{
    char boot[64];
    char space[48];
    if (read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot) <= 0) {
        strcpy(name, "?");
        return;
    }
    ssize_t length = readlink("/proc/self/ns/time", space, sizeof space - 1);
    space[length > 0 ? length : 0] = '\0';
    snprintf(name, CLOCK_SIZE, "%s/%s", boot, space);
}

/* --- To the child -------------------------------------------------------- */

static void write_deadline(const belay_ctx *ctx, char *text)
{
    char clock[CLOCK_SIZE];
    belay_time when;
    text[0] = '\0';
    if (!belay_deadline(ctx, &when))
        return;
    name_clock(clock);
    belay_duration left = when - belay_now();
    snprintf(text, DEADLINE_SIZE, "%s%" PRId64 " %" PRId64 " %s", deadline_name,
             when, left < 0 ? 0 : left, clock);
}

static bool is_ours(const char *entry)
{
    return strncmp(entry, deadline_name, sizeof deadline_name - 1) == 0 ||
           strncmp(entry, process_name, sizeof process_name - 1) == 0;
}

char **belay__environment(const belay_ctx *ctx, const char *const *env,
                          const char *id)
{
    char deadline[DEADLINE_SIZE];
    const char *outer = getenv("BELAY_PROCESS");
    size_t count = 0;
    write_deadline(ctx, deadline);
    if (outer == NULL)
        outer = "";
    if (env == NULL)
        env = (const char *const *)environ;
    while (env != NULL && env[count] != NULL)
        ++count;

    size_t mark_size = sizeof process_name + strlen(outer) + 1 + strlen(id);
    size_t slots = (count + 3) * sizeof(char *);
    char **entries = malloc(slots + mark_size + sizeof deadline);
    if (entries == NULL)
        return NULL;
    size_t last = 0;
    for (size_t i = 0; i < count; ++i)
        if (!is_ours(env[i]))
            entries[last++] = (char *)env[i];
    char *mark = (char *)entries + slots;
    snprintf(mark, mark_size, "%s%s%s%s", process_name, outer,
             *outer != '\0' ? ":" : "", id);
    entries[last++] = mark;
    if (deadline[0] != '\0')
        entries[last++] = strcpy(mark + mark_size, deadline);
    entries[last] = NULL;
    return entries;
}

/* --- In the child -------------------------------------------------------- */

/* Takes a number and the space behind it; false: there is none. */
static bool take_number(const char **text, int64_t *ret_number)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    long long number = strtoll(*text, &end, 10);
    if (errno != 0 || *end != ' ')
        return false;
    *ret_number = number;
    *text = end + 1;
    return true;
}

/* Takes what write_deadline() has written; false: it has not. */
static bool read_deadline(const char *text, belay_time *ret_when)
{
    char clock[CLOCK_SIZE];
    int64_t when;
    int64_t left;
    if (!take_number(&text, &when) || !take_number(&text, &left) ||
        *text == '\0')
        return false;
    name_clock(clock);
    bool is_same = strcmp(text, clock) == 0 && strcmp(clock, "?") != 0;
    belay_time now = belay_now();
    if (!is_same)
        when = left < BELAY_FOREVER - now ? now + left : BELAY_FOREVER;
    *ret_when = when;
    return true;
}

belay_ctx *belay_with_inherited_deadline_at(const belay_ctx *parent,
                                            const char *where)
{
    int err = errno;
    belay_time when = BELAY_FOREVER;
    const char *text = getenv("BELAY_DEADLINE");
    bool is_understood = text == NULL || read_deadline(text, &when);
    belay_ctx *ctx = belay_with_deadline_at(parent, when, where);
    if (!is_understood)
        belay_cancel_cause_at(ctx, where, -EINVAL,
                              "BELAY_DEADLINE is no deadline: \"%.100s\"",
                              text);
    errno = err;
    return ctx;
}

#undef belay_with_inherited_deadline
belay_ctx *belay_with_inherited_deadline(const belay_ctx *parent)
{
    return belay_with_inherited_deadline_at(parent, "?");
}
