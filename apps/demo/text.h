/* SPDX-License-Identifier: MIT */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

/* Text that is put together in a buffer of fixed size; what is over is cut. */

#include <stddef.h>

struct text {
    char *data; /* the caller's; always terminated */
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) void text_add(struct text *text,
                                                    const char *format, ...);

/* Adds what stands between the quotes of a JSON string. */
void text_add_json(struct text *text, const char *string);

#endif
