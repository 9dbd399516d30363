/* SPDX-License-Identifier: MIT */

/* Runs programs with Belay, as go/run_test.go does with Go: run [PATIENCE]. */

#include "../fakes/fake_clock.h"

#include "internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_HANDLES = 64, MOST_AFTERS = 200, KEYS = 10 };

struct line {
    char verb[24];
    int64_t id;
    char other[16]; /* a parent, a handle, a code */
    int64_t n;
    int code;
};

static struct handle {
    belay_ctx *ctx;
    int refs;
    bool owned;
} handles[MOST_HANDLES];

static struct after {
    struct belay_after *after; /* NULL: given back */
    const belay_ctx *ctx;      /* held until the end; NULL: not made */
    bool is_prevented;
    int runs;
} afters[MOST_AFTERS];

static const struct belay_key keys[KEYS] = {
    {"k0", NULL}, {"k1", NULL}, {"k2", NULL}, {"k3", NULL}, {"k4", NULL},
    {"k5", NULL}, {"k6", NULL}, {"k7", NULL}, {"k8", NULL}, {"k9", NULL}};

static pthread_mutex_t running = PTHREAD_MUTEX_INITIALIZER; /* guards runs */
static pthread_cond_t has_run = PTHREAD_COND_INITIALIZER;
static bool has_crowd;
static unsigned patience = 60;             /* seconds for a program */
static uint64_t stored_nulls, late_crowds; /* deviations met */

/* --- The clock, and the processor --------------------------------------- */

static belay_time start; /* of the program */
static _Thread_local unsigned turn;

/* Go's virtual time starts with the year 2000. */
static int64_t fake_wall(void)
{
    return belay_now() - start + INT64_C(946684800) * BELAY_SECOND;
}

/* Each tree, and each child of a crowd, is of another family. */
static unsigned fake_cpu(void)
{
    return turn++;
}

/* Runs the clock whenever it asks for it; or once, late. */
static void move_clock(bool is_late, belay_duration by)
{
    belay_time end = belay_now() + by;
    if (is_late && has_crowd)
        ++late_crowds; /* deviation: not earliest first; so, never late */
    else if (is_late)
        fake_clock_move(by);
    while (fake_clock_alarm() <= end) {
        belay_duration left = fake_clock_alarm() - belay_now();
        fake_clock_move(left > 0 ? left : 0);
        belay_clock_run();
    }
    fake_clock_move(end - belay_now());
}

/* --- Contexts ----------------------------------------------------------- */

static bool is_gone(const struct handle *handle)
{
    return !handle->owned && handle->refs == 0;
}

static void make(const struct line *line)
{
    const char *verb = line->verb;
    const belay_ctx *parent = NULL;
    if (isdigit(line->other[0])) {
        const struct handle *handle = &handles[atoi(line->other)];
        if (is_gone(handle))
            return;
        parent = handle->ctx;
    } else if (strcmp(line->other, "nil") != 0) {
        parent = line->other[0] == 't' ? belay_todo() : belay_background();
    }
    belay_time when = line->n != BELAY_FOREVER ? start + line->n : line->n;
    char reason[32];
    snprintf(reason, sizeof reason, "reason %d", line->code);
    const char *text = line->code > 0 ? reason : NULL;

    belay_ctx *ctx;
    if (strcmp(verb, "with_cancel") == 0)
        ctx = belay_with_cancel(parent);
    else if (strcmp(verb, "with_timeout") == 0)
        ctx = belay_with_timeout(parent, line->n);
    else if (strcmp(verb, "with_timeout_cause") == 0)
        ctx = belay_with_timeout_cause(parent, line->n, line->code, text);
    else if (strcmp(verb, "with_deadline") == 0)
        ctx = belay_with_deadline(parent, when);
    else if (strcmp(verb, "with_deadline_cause") == 0)
        ctx = belay_with_deadline_cause(parent, when, line->code, text);
    else if (strcmp(verb, "with_value") == 0)
        ctx = belay_with_value(parent, &keys[line->n],
                               (void *)(intptr_t)line->code);
    else
        ctx = belay_without_cancel(parent);
    handles[line->id] = (struct handle){.ctx = ctx, .owned = true};
}

static void say(const struct line *line, bool result)
{
    printf("%s %" PRId64 ": %s\n", line->verb, line->id,
           result ? "true" : "false");
}

static void cancel(belay_ctx *ctx, const struct line *line)
{
    int code = atoi(line->other);
    bool result = strcmp(line->verb, "cancel_now") == 0 ? belay_cancel(ctx)
                  : code > 0 ? belay_cancel_cause(ctx, code, "reason %d", code)
                             : belay_cancel_cause(ctx, code, NULL);
    say(line, result);
}

/* Has its children be of many families, as contention would: src/crowd.c. */
static void crowd(belay_ctx *ctx)
{
    struct cancel_ctx *parent = (struct cancel_ctx *)ctx;
    for (int i = 0; can_end(ctx) && parent->family < TREES && i < 32; ++i) {
        belay__make_crowd(parent);
        has_crowd = true;
    }
}

static void ignore(void *arg, int err)
{
    (void)arg;
    (void)err;
}

/* Asks in every way that does not wait whether it is done. */
static const char *state(const belay_ctx *ctx)
{
    int err = belay_err(ctx);
    struct belay_watch watch;
    bool told =
        !belay_watch(ctx, &watch, ignore, NULL) || !belay_unwatch(&watch);
    struct pollfd asked = {belay_fd(ctx), POLLIN, 0};
    bool ready = poll(&asked, 1, 0) == 1;
    if (told != (err != 0) || ready != told || (told && belay_wait(ctx) != err))
        return "in two minds";
    return told ? "done" : asked.fd == -ENOTSUP ? "endless" : "open";
}

static void see(const struct handle *handle)
{
    const belay_ctx *ctx = handle->ctx;
    if (is_gone(handle))
        return;
    printf("%d: %s", (int)(handle - handles), state(ctx));
    const struct belay_cause *cause = belay_cause(ctx);
    if (cause != NULL)
        printf(", %s, cause %d \"%s\"", belay_strerror(belay_err(ctx)),
               cause->code, cause->text);
    belay_time when;
    if (belay_deadline(ctx, &when))
        printf(", deadline %" PRId64, when - start);
    belay_duration left = belay_remaining(ctx);
    if (left != 0 && left != BELAY_FOREVER)
        printf(", left %" PRId64, left);
    for (const struct belay_key *key = keys; key < keys + KEYS; ++key) {
        void *value = NULL;
        bool found = belay_value(ctx, key, &value);
        if (value != NULL)
            printf(", %s %d", key->name, (int)(intptr_t)value);
        else
            stored_nulls += found; /* deviation: to Go, it is absent */
    }
    char description[8192];
    belay_describe(ctx, description, sizeof description);
    printf(", %s\n", description);
}

/* --- After-functions ---------------------------------------------------- */

static void count_run(void *arg)
{
    pthread_mutex_lock(&running);
    ++*(int *)arg;
    pthread_cond_signal(&has_run);
    pthread_mutex_unlock(&running);
}

static void stop(const struct line *line)
{
    struct after *after = &afters[line->id];
    if (after->after == NULL)
        return;
    after->is_prevented = strcmp(line->verb, "join") == 0
                              ? belay_after_join(after->after)
                              : belay_after_stop(after->after);
    after->after = NULL;
    say(line, after->is_prevented);
}

/* Waits for those that should run; if one is lost, until the alarm. */
static void see_afters(void)
{
    pthread_mutex_lock(&running);
    for (struct after *after = afters; after < afters + MOST_AFTERS; ++after) {
        if (after->ctx == NULL)
            continue;
        bool runs = belay_err(after->ctx) != 0 && !after->is_prevented;
        while (runs && after->runs == 0)
            pthread_cond_wait(&has_run, &running);
        printf("after %d: %d\n", (int)(after - afters), after->runs);
    }
    pthread_mutex_unlock(&running);
}

/* --- Lines -------------------------------------------------------------- */

static void observe(void)
{
    see_afters();
    for (int i = 0; i < MOST_HANDLES; ++i)
        see(&handles[i]);
}

static void begin(int64_t seed)
{
    alarm(patience);
    has_crowd = false;
    turn = (unsigned)seed;
    start = BELAY_HOUR + seed % 1000000 * 1000003;
    fake_clock_move(start - belay_now());
    printf("program %" PRId64 "\n", seed);
    fflush(stdout); /* what comes before a crash is there */
}

static void finish(void)
{
    for (int i = 0; i < MOST_HANDLES; ++i) {
        if (handles[i].owned)
            belay_end(handles[i].ctx);
        for (; handles[i].refs > 0; --handles[i].refs)
            belay_unref(handles[i].ctx);
        handles[i].owned = false;
    }
    see_afters();
    for (int i = 0; i < MOST_AFTERS; ++i) {
        belay_after_join(afters[i].after);
        belay_unref(afters[i].ctx);
        afters[i] = (struct after){.after = NULL};
    }
    belay_clock_run();
}

static void use(struct handle *handle, const struct line *line)
{
    const char *verb = line->verb;
    if (strcmp(verb, "see") == 0) {
        see(handle);
    } else if (strcmp(verb, "crowd") == 0) {
        crowd(handle->ctx);
    } else if (strcmp(verb, "after") == 0) {
        struct after *after = &afters[atoi(line->other)];
        after->ctx = belay_ref(handle->ctx);
        after->after = belay_after_func(after->ctx, count_run, &after->runs);
    } else if (strcmp(verb, "ref") == 0) {
        belay_ref(handle->ctx);
        ++handle->refs;
    } else if (strcmp(verb, "unref") == 0 && handle->refs > 0) {
        --handle->refs;
        belay_unref(handle->ctx);
    } else if (strcmp(verb, "end") == 0 && handle->owned) {
        handle->owned = false;
        belay_end(handle->ctx);
    } else if (strstr(verb, "_now") != NULL && handle->owned) {
        cancel(handle->ctx, line);
    }
}

static void run(const struct line *line)
{
    const char *verb = line->verb;
    if (strcmp(verb, "program") == 0)
        begin(line->id);
    else if (strcmp(verb, "finish") == 0)
        finish();
    else if (strcmp(verb, "observe") == 0)
        observe();
    else if (strcmp(verb, "advance") == 0 || strcmp(verb, "jump") == 0)
        move_clock(verb[0] == 'j', line->id);
    else if (strcmp(verb, "stop") == 0 || strcmp(verb, "join") == 0)
        stop(line);
    else if (strncmp(verb, "with", 4) == 0)
        make(line);
    else if (!is_gone(&handles[line->id]))
        use(&handles[line->id], line);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        patience = (unsigned)atoi(argv[1]);
    belay__seams.wall = fake_wall;
    belay__seams.cpu = fake_cpu;
    fake_clock_start();

    char words[128];
    while (fgets(words, sizeof words, stdin) != NULL) {
        struct line line = {"", 0, "", 0, 0};
        sscanf(words, "%23s %" SCNd64 " %15s %" SCNd64 " %d", line.verb,
               &line.id, line.other, &line.n, &line.code);
        run(&line);
    }
    fprintf(stderr, "stored-null %" PRIu64 "\nlate-crowd %" PRIu64 "\n",
            stored_nulls, late_crowds);
    return fflush(stdout) != 0;
}
