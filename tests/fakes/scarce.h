/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCARCE_H
#define TESTS_SCARCE_H

/*
 * Makes calls of the layer above the core fail: it has no seams, and asks the
 * C library for memory, by calloc(), and for threads, by pthread_create().  The
 * core has its own in failing.h, but its threads count here, too.
 */

/* From now on, counting from 0, the calls first to last fail. */
void scarce_memory(int first, int last);
void scarce_threads(int first, int last);
void scarce_nothing(void);

#endif
