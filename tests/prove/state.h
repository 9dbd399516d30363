/* SPDX-License-Identifier: MIT */
#ifndef PROVE_STATE_H
#define PROVE_STATE_H

#include <stdbool.h>
#include <string.h>

/*
 * Defines a function that keeps how an object is when it is called first, and
 * makes it so again when it is called later.
 */
void prove_keep_clock(void);
void prove_keep_pool(void);

#define KEEP(object, function) \
    void function(void) \
    { \
        static char kept[sizeof(object)]; \
        static bool is_kept; \
        if (is_kept) \
            memcpy(&(object), kept, sizeof kept); \
        else \
            memcpy(kept, &(object), sizeof kept); \
        is_kept = true; \
    }

#endif
