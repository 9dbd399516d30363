/* SPDX-License-Identifier: MIT */

/* A context in words, with no memory asked for. */

#include "internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is written at `at` and does not fit into the buffer is only counted. */
struct text {
    char *buffer;
    size_t size;
    size_t at;
};

static void put(struct text *text, const char *words, size_t length)
{
    if (text->size > 0 && text->at < text->size - 1) {
        size_t room = text->size - 1 - text->at;
        memcpy(text->buffer + text->at, words, length < room ? length : room);
    }
    text->at += length;
}

static void put_words(struct text *text, const char *words)
{
    put(text, words, strlen(words));
}

/* Terminates it after `length`: what snprintf() returns. */
static int finish(struct text *text, size_t length)
{
    if (text->size > 0)
        text->buffer[length < text->size ? length : text->size - 1] = '\0';
    return length <= INT_MAX ? (int)length : -EOVERFLOW;
}

/* --- Durations, as Go writes them: 1h2m3.5s, 1.5ms, 20µs, 0s ------------- */

/* Writes amount / unit with as many decimals as it takes. */
static void put_decimal(struct text *text, uint64_t amount, uint64_t unit)
{
    char digits[48];
    int length = snprintf(digits, sizeof digits, "%llu",
                          (unsigned long long)(amount / unit));
    uint64_t rest = amount % unit;
    if (rest != 0)
        digits[length++] = '.';
    while (rest != 0) {
        unit /= 10;
        digits[length++] = (char)('0' + rest / unit);
        rest %= unit;
    }
    put(text, digits, (size_t)length);
}

static void put_duration(struct text *text, belay_duration duration)
{
    uint64_t left = duration < 0 ? 0 - (uint64_t)duration : (uint64_t)duration;
    if (duration < 0)
        put_words(text, "-");
    if (left == 0) {
        put_words(text, "0s");
    } else if (left < BELAY_MICROSECOND) {
        put_decimal(text, left, 1);
        put_words(text, "ns");
    } else if (left < BELAY_MILLISECOND) {
        put_decimal(text, left, BELAY_MICROSECOND);
        put_words(text, "\xC2\xB5s");
    } else if (left < BELAY_SECOND) {
        put_decimal(text, left, BELAY_MILLISECOND);
        put_words(text, "ms");
    } else {
        if (left >= BELAY_HOUR) {
            put_decimal(text, left / BELAY_HOUR, 1);
            put_words(text, "h");
        }
        if (left >= BELAY_MINUTE) {
            put_decimal(text, left % BELAY_HOUR / BELAY_MINUTE, 1);
            put_words(text, "m");
        }
        put_decimal(text, left % BELAY_MINUTE, BELAY_SECOND);
        put_words(text, "s");
    }
}

/* --- belay_describe() --------------------------------------------------- */

struct moment {
    belay_time now;
    int64_t wall;
};

/* 2009-11-10 23:00:00.5 +0000 UTC, by the wall clock as it stands. */
static void put_instant(struct text *text, belay_time when,
                        const struct moment *moment)
{
    int64_t wall = saturating_add(when, moment->wall - moment->now);
    int64_t seconds = wall / BELAY_SECOND;
    int64_t rest = wall % BELAY_SECOND;
    if (rest < 0) {
        rest += BELAY_SECOND;
        --seconds;
    }
    time_t time = (time_t)seconds;
    struct tm parts;
    char words[64];
    size_t length = strftime(words, sizeof words,
                             "%Y-%m-%d %H:%M:", gmtime_r(&time, &parts));
    put(text, words, length);
    if (parts.tm_sec < 10)
        put_words(text, "0");
    put_decimal(text, (uint64_t)parts.tm_sec * BELAY_SECOND + (uint64_t)rest,
                BELAY_SECOND);
    put_words(text, " +0000 UTC");
}

static void put_step(struct text *text, const belay_ctx *ctx,
                     const struct moment *moment)
{
    if (ctx->parent == NULL) {
        put_words(text,
                  ctx == belay_todo() ? "context.TODO" : "context.Background");
    } else if ((state_of(ctx) & KIND) == VALUE && !can_end(ctx)) {
        const struct belay_key *key = ((const struct value_ctx *)ctx)->key;
        put_words(text, ".WithValue(");
        put_words(text, key != NULL && key->name != NULL ? key->name : "?");
        put_words(text, ", ...)");
    } else if (!can_end(ctx)) {
        put_words(text, ".WithoutCancel");
    } else if (!((const struct cancel_ctx *)ctx)->is_deadline) {
        put_words(text, ".WithCancel");
    } else {
        belay_time when = ((const struct cancel_ctx *)ctx)->deadline;
        put_words(text, ".WithDeadline(");
        put_instant(text, when, moment);
        put_words(text, " [");
        put_duration(text, saturating_add(when, -moment->now));
        put_words(text, "])");
    }
}

/*
 * The chain is linked from the leaf up, and is written from the root down:
 * once to know how long it is, once from the end backwards.
 */
int belay_describe(const belay_ctx *ctx, char *buffer, size_t size)
{
    ctx = or_background(ctx);
    CHECK_USED(ctx);
    const struct moment moment = {OS(now)(), OS(wall)()};
    size_t length = 0;
    for (const belay_ctx *c = ctx; c != NULL; c = c->parent) {
        struct text step = {.size = 0};
        put_step(&step, c, &moment);
        length += step.at;
    }

    struct text text = {buffer, size, length};
    size_t end = length;
    for (const belay_ctx *c = ctx; c != NULL && size > 0; c = c->parent) {
        struct text step = {.size = 0};
        put_step(&step, c, &moment);
        end -= step.at;
        text.at = end;
        put_step(&text, c, &moment);
    }
    return finish(&text, length);
}

/* --- belay_explain() ---------------------------------------------------- */

/* Whatever would break the line, or a terminal, becomes a space. */
static void put_on_one_line(struct text *text, const char *words)
{
    for (; *words != '\0'; ++words) {
        bool is_plain = (unsigned char)*words >= ' ' && *words != 0x7F;
        put(text, is_plain ? words : " ", 1);
    }
}

static void put_end(struct text *text, const belay_ctx *ctx, int err)
{
    const struct cancel_ctx *ended = ender(ctx);
    const struct belay_cause *cause = ended->cause;
    put_words(text, belay_strerror(err));
    if (cause->code != err || strcmp(cause->text, belay_strerror(err)) != 0) {
        char code[24];
        snprintf(code, sizeof code, " (%d)", cause->code);
        put_words(text, ": ");
        put_on_one_line(text, cause->text);
        put_words(text, code);
    }
    put_words(text, err == BELAY_DEADLINE_EXCEEDED ? ", deadline of "
                    : err == BELAY_CANCELED        ? ", by "
                                                   : ", at ");
    put_on_one_line(text, cause->where);
    if (cause->when != 0) { /* 0: there was no memory to keep it in */
        put_words(text, ", ");
        put_duration(text, OS(now)() - cause->when);
        put_words(text, " ago");
    }
    if (cause != &ended->own)
        put_words(text, ", inherited");
}

int belay_explain(const belay_ctx *ctx, char *buffer, size_t size)
{
    struct text text = {buffer, size, 0};
    belay_time deadline;
    int err = belay_err(ctx);
    if (err != 0) {
        put_end(&text, ctx, err);
    } else if (ender(ctx) == NULL) {
        put_words(&text, "context never ends");
    } else if (belay_deadline(ctx, &deadline)) {
        put_words(&text, "context is live, ");
        put_duration(&text, belay_remaining(ctx));
        put_words(&text, " left");
    } else {
        put_words(&text, "context is live");
    }
    return finish(&text, text.at);
}
