/* SPDX-License-Identifier: MIT */
#ifndef BELAY_CHECK_H
#define BELAY_CHECK_H

/*
 * The checking build of the library (-lbelay_check, or belay.c compiled with
 * -DBELAY_CHECK) stops the program, with a line that says where the context
 * was made, when
 *
 *   - a context is ended twice, or used after its last reference is gone,
 *   - belay_unref() is called without a belay_ref(),
 *   - a watch has been moved, freed or overwritten while it is registered.
 *
 * It keeps the last few thousand contexts that were freed, to know them when
 * they are used again.  It is slower, and for tests.
 */

#include <stddef.h>

#include <belay/attributes.h>

/*
 * Writes to a descriptor how many contexts are live, and where they were made:
 * a line for each place, "3 made at server.c:88".  Returns how many there are
 * in all.  Outside the checking build: writes nothing, returns 0.
 */
BELAY_API size_t belay_check_live(int fd);

#endif
