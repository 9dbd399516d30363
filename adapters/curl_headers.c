/* SPDX-License-Identifier: MIT */

#include <belay/curl.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The link to the line of that name; else, the last one, which is NULL. */
static struct curl_slist **find_line(struct curl_slist **link, const char *name)
{
    size_t length = strlen(name);
    while (*link != NULL && (strncasecmp((*link)->data, name, length) != 0 ||
                             strchr(":;", (*link)->data[length]) == NULL))
        link = &(*link)->next;
    return link;
}

static void take_out(struct curl_slist **link)
{
    struct curl_slist *line = *link;
    if (line == NULL)
        return;
    *link = line->next;
    line->next = NULL;
    curl_slist_free_all(line);
}

int belay_curl_headers(const belay_ctx *ctx, enum belay_hop hop,
                       struct curl_slist **list)
{
    int err = belay_err(ctx);
    if (err != 0)
        return err;
    char left[32];
    int length = belay_hop_format(hop, belay_remaining(ctx), left, sizeof left);
    if (length < 0)
        return length;

    const char *name = belay_hop_header(hop);
    struct curl_slist **link = find_line(list, name);
    struct curl_slist *line = NULL;
    if (length > 0) {
        char text[80];
        snprintf(text, sizeof text, "%s: %s", name, left);
        line = curl_slist_append(NULL, text);
        if (line == NULL)
            return -ENOMEM;
    }
    take_out(link);
    if (line != NULL) {
        line->next = *link;
        *link = line;
    }
    return 0;
}
