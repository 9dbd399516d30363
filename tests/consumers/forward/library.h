/* SPDX-License-Identifier: MIT */

/*
 * What a library's author adds, whose users need not have Belay: a parameter,
 * and the name of a type.  Without Belay, everybody passes NULL.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#ifdef __cplusplus
extern "C" {
#endif

struct belay_ctx;

/* Returns how many steps were made. */
int library_work(const struct belay_ctx *ctx, int steps);

#ifdef __cplusplus
}
#endif

#endif
