/* SPDX-License-Identifier: MIT */

/* The checking build: see <belay/check.h>. */

#include "internal.h"

#include <belay/check.h>

#ifndef BELAY_CHECK

size_t belay_check_live(int fd)
{
    (void)fd;
    return 0;
}

#else

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Stands in front of each context. */
struct record {
    struct record *next, **link; /* in `live` */
    const char *where;
    uint64_t magic;
    atomic_bool is_given_back;
};

enum { AHEAD = 48, KEPT = 4096, GONE = 0x7FFF0001 };
static const uint64_t alive = UINT64_C(0xBE1A7A11FE000001);
static const uint64_t gone = UINT64_C(0xBE1A7DEAD0000002);
_Static_assert(sizeof(struct record) <= AHEAD, "a record fits in front");

atomic_uint belay__check_lock;
static struct record *live;
static struct record *kept[KEPT]; /* freed, the oldest to go next */
static size_t kept_next;

static struct record *record_of(const belay_ctx *ctx)
{
    return (struct record *)((char *)ctx - AHEAD);
}

static bool is_static(const belay_ctx *ctx)
{
    return ctx == NULL || ctx == belay_background() || ctx == belay_todo() ||
           ctx == &belay__no_memory.base;
}

static _Noreturn void stop(const char *what, const char *where)
{
    dprintf(STDERR_FILENO, "belay: %s: context made at %s\n", what, where);
    abort();
}

void *belay__check_allocate(size_t size, const char *where)
{
    struct record *record = OS(allocate)(AHEAD + size);
    if (record == NULL)
        return NULL;
    record->where = where;
    record->magic = alive;
    atomic_init(&record->is_given_back, false);
    lock(&belay__check_lock);
    LIST_PUSH(&live, record);
    unlock(&belay__check_lock);
    return (char *)record + AHEAD;
}

void belay__check_release(void *ctx)
{
    struct record *record = record_of(ctx);
    record->magic = gone;
    atomic_store(&((belay_ctx *)ctx)->state, GONE);
    lock(&belay__check_lock);
    LIST_REMOVE(record);
    struct record *oldest = kept[kept_next];
    kept[kept_next] = record;
    kept_next = (kept_next + 1) % KEPT;
    unlock(&belay__check_lock);
    OS(release)(oldest);
}

void belay__check_used(const belay_ctx *ctx)
{
    if (is_static(ctx))
        return;
    const struct record *record = record_of(ctx);
    if (record->magic == gone)
        stop("used after its end", record->where);
    if (record->magic != alive)
        stop("used, and is none", "?");
}

void belay__check_end(const belay_ctx *ctx)
{
    if (is_static(ctx))
        return;
    struct record *record = record_of(ctx);
    if (record->magic == gone || atomic_exchange(&record->is_given_back, true))
        stop("ended twice", record->where);
    belay__check_used(ctx);
}

/* Its maker holds the last reference until belay_end(). */
void belay__check_unref(const belay_ctx *ctx)
{
    if (is_static(ctx))
        return;
    const struct record *record = record_of(ctx);
    unsigned refs = atomic_load_explicit(&ctx->refs, memory_order_relaxed);
    bool is_counted_here =
        !can_end(ctx) || !is_crowded((const struct cancel_ctx *)ctx);
    if (record->magic == gone ||
        (is_counted_here && refs == 1 && !record->is_given_back))
        stop("belay_unref() without belay_ref()", record->where);
    belay__check_used(ctx);
}

/* --- Watches: sealed, while they are registered ------------------------- */

static int seal_of(const struct belay_watch *watch)
{
    uintptr_t mixed = (uintptr_t)watch ^ (uintptr_t)watch->fn * 31 ^
                      (uintptr_t)watch->arg * 131;
    return (int)((mixed * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - 25));
}

/* Where the context was made on which a watch like this is registered. */
static const char *place_of(const struct belay_watch *like)
{
    for (const struct record *r = live; r != NULL; r = r->next) {
        const belay_ctx *ctx = (const belay_ctx *)((const char *)r + AHEAD);
        if (state_of(ctx) != LIVE)
            continue;
        const struct cancel_ctx *cancel = (const struct cancel_ctx *)ctx;
        for (const struct belay_watch *w = cancel->watches; w; w = w->next)
            if (w == like || (w->fn == like->fn && w->arg == like->arg))
                return r->where;
    }
    return "?";
}

void belay__check_watched(struct belay_watch *watch,
                          const struct cancel_ctx *ctx)
{
    atomic_store_explicit((atomic_int *)&watch->family,
                          ctx->family | seal_of(watch) << SEAL_AT,
                          memory_order_relaxed);
    if (watch->next != NULL)
        belay__check_watch(watch->next, NULL);
}

/* `watches` is the list of its context, where that is known. */
void belay__check_watch(const struct belay_watch *watch,
                        struct belay_watch **watches)
{
    if (watch->family >> SEAL_AT == seal_of(watch) && *watch->link == watch)
        return;
    const char *where;
    if (watches != NULL) {
        size_t at = offsetof(struct cancel_ctx, watches);
        where = record_of((belay_ctx *)((char *)watches - at))->where;
    } else {
        where = place_of(watch);
    }
    stop("a watch was moved, freed or overwritten while registered", where);
}

/* --- What is live ------------------------------------------------------- */

size_t belay_check_live(int fd)
{
    enum { PLACES = 256 };
    struct {
        const char *where;
        size_t count;
    } places[PLACES] = {{"elsewhere", 0}};
    size_t used = 1;
    size_t total = 0;

    lock(&belay__check_lock);
    for (const struct record *r = live; r != NULL; r = r->next, ++total) {
        size_t i = 1;
        while (i < used && places[i].where != r->where)
            ++i;
        if (i == used && used < PLACES)
            places[used++].where = r->where;
        ++places[i < used ? i : 0].count;
    }
    unlock(&belay__check_lock);
    for (size_t i = 0; i < used; ++i)
        if (places[i].count > 0)
            dprintf(fd, "%zu made at %s\n", places[i].count, places[i].where);
    return total;
}

#endif
