/* SPDX-License-Identifier: MIT */
#ifndef WORK_ANY_H
#define WORK_ANY_H

#include <belay/any.h>

/* As belay_with_any_at(), with a deadline of its own. */
belay_ctx *belay__with_any(const belay_ctx *const *parents, size_t count,
                           belay_time when, const char *where);

#endif
