/* SPDX-License-Identifier: MIT */

/* The library's own after.c, and how to begin anew. */

#include "after.c"

#include "state.h"

KEEP(pool, prove_keep_pool)
