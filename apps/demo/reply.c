/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool reply_is_due(size_t *data_size, void **state)
{
    static char has_begun;
    bool is_head = *state == NULL;
    bool is_body = *data_size != 0;
    *state = &has_begun;
    *data_size = 0;
    return !is_head && !is_body;
}

enum MHD_Result reply(struct MHD_Connection *connection, unsigned status,
                      const char *type, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Response *text_response(const char *text)
{
    return MHD_create_response_from_buffer(strlen(text), (void *)text,
                                           MHD_RESPMEM_MUST_COPY);
}

enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status,
                           const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return reply(connection, status, "text/plain; charset=utf-8",
                 text_response(text));
}

enum MHD_Result reply_wrong_method(struct MHD_Connection *connection,
                                   const char *right_one)
{
    char text[64];
    snprintf(text, sizeof text, "Only %s will do here.\n", right_one);
    struct MHD_Response *response = text_response(text);
    if (response != NULL)
        MHD_add_response_header(response, "Allow", right_one);
    return reply(connection, 405, "text/plain; charset=utf-8", response);
}
