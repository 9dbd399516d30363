/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include "os/os.h"

/* Makes calls to the system fail, and counts what they leave behind. */

enum failing { ALLOCATE, THREAD, EVENT, TIMER, REPLACE, FAILING_CALLS };

void failing_install(void); /* before there is any other thread; for good */

/* From now on, counting from 0, the calls first to last fail with err. */
void failing_between(enum failing call, int first, int last, int err);
void failing_never(void);

/* How many there were since failing_between() or failing_never(). */
int failing_count(enum failing call);

/* Memory and descriptors that the library has and has not given back. */
int failing_live(void);

#endif
