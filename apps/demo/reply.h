/* SPDX-License-Identifier: MIT */
#ifndef DEMO_REPLY_H
#define DEMO_REPLY_H

#include <microhttpd.h>

#include <stdbool.h>

enum {
    SERVER_FLAGS = MHD_USE_THREAD_PER_CONNECTION |
                   MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC
};

/*
 * A handler is called for the head of a request, for each part of its body and
 * for its end, when the reply is due.  Bodies are of no use here.
 */
bool reply_is_due(size_t *data_size, void **state);

/* Takes response, which may be NULL: the connection is closed then. */
enum MHD_Result reply(struct MHD_Connection *connection, unsigned status,
                      const char *type, struct MHD_Response *response);

__attribute__((format(printf, 3, 4))) enum MHD_Result
reply_text(struct MHD_Connection *connection, unsigned status,
           const char *format, ...);

enum MHD_Result reply_wrong_method(struct MHD_Connection *connection,
                                   const char *right_one);

#endif
