/* SPDX-License-Identifier: MIT */

/* A user of the library who has never heard of Belay; C and C++. */
#include "library.h"

#include <stddef.h>

int main(void)
{
    return library_work(NULL, 3) == 3 ? 0 : 1;
}
