/* SPDX-License-Identifier: MIT */
#ifndef DEMO_REPLY_H
#define DEMO_REPLY_H

#include <microhttpd.h>

/* Takes response, which may be NULL: the connection is closed then. */
enum MHD_Result reply(struct MHD_Connection *connection, unsigned status,
                      const char *type, struct MHD_Response *response);

__attribute__((format(printf, 3, 4))) enum MHD_Result
reply_text(struct MHD_Connection *connection, unsigned status,
           const char *format, ...);

enum MHD_Result reply_wrong_method(struct MHD_Connection *connection,
                                   const char *right_one);

#endif
