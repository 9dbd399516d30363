/* SPDX-License-Identifier: MIT */
#ifndef DEMO_WISH_H
#define DEMO_WISH_H

/* What a client asks for: /query?budget=MS&work=MS&context=on|off */

#include "text.h"

#include <microhttpd.h>
#include <stdbool.h>

struct wish {
    int budget_ms;
    int work_ms;       /* of processor time */
    bool with_context; /* false: the query gets NULL, and that is all */
};

/* False: it cannot be understood, and complaint says why. */
bool wish_read(struct MHD_Connection *connection, struct wish *ret_wish,
               struct text *complaint);

#endif
