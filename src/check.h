/* SPDX-License-Identifier: MIT */
#ifndef BELAY_SRC_CHECK_H
#define BELAY_SRC_CHECK_H

/* What the core does for the checking build (check.c), and not otherwise. */

#ifdef BELAY_CHECK

void *belay__check_allocate(size_t size, const char *where);
void belay__check_release(void *ctx);
void belay__check_used(const belay_ctx *ctx);
void belay__check_end(const belay_ctx *ctx);
void belay__check_unref(const belay_ctx *ctx);
void belay__check_watched(struct belay_watch *watch,
                          const struct cancel_ctx *ctx);
void belay__check_watch(const struct belay_watch *watch,
                        struct belay_watch **watches);

extern atomic_uint belay__check_lock; /* taken with no other held */

#define CHECK_LOCK() ((void)lock(&belay__check_lock))
#define CHECK_UNLOCK() unlock(&belay__check_lock)
#define ALLOCATE_CTX(size, where) belay__check_allocate(size, where)
#define RELEASE_CTX(ctx) belay__check_release(ctx)
#define CHECK_USED(ctx) belay__check_used(ctx)
#define CHECK_END(ctx) belay__check_end(ctx)
#define CHECK_UNREF(ctx) belay__check_unref(ctx)
#define CHECK_WATCHED(watch, ctx) belay__check_watched(watch, ctx)
#define CHECK_WATCH(watch, watches) belay__check_watch(watch, watches)

#else

#define CHECK_LOCK() ((void)0)
#define CHECK_UNLOCK() ((void)0)
#define ALLOCATE_CTX(size, where) OS(allocate)(size)
#define RELEASE_CTX(ctx) OS(release)(ctx)
#define CHECK_USED(ctx) ((void)0)
#define CHECK_END(ctx) ((void)0)
#define CHECK_UNREF(ctx) ((void)0)
#define CHECK_WATCHED(watch, ctx) ((void)0)
#define CHECK_WATCH(watch, watches) ((void)0)

#endif
#endif
