/* SPDX-License-Identifier: MIT */
#include "wish.h"

#include <string.h>

enum { LONGEST_MS = 60000 };

struct reader {
    struct wish *wish;
    struct text *complaint;
    unsigned seen; /* a bit for each word */
};

static bool read_ms(const char *value, int *ret_ms)
{
    int ms = 0;
    for (const char *digit = value; *digit != '\0'; ++digit) {
        if (*digit < '0' || *digit > '9' || ms > LONGEST_MS)
            return false;
        ms = ms * 10 + (*digit - '0');
    }
    if (ms < 1 || ms > LONGEST_MS)
        return false;
    *ret_ms = ms;
    return true;
}

static bool read_switch(const char *value, bool *ret_on)
{
    bool is_on = strcmp(value, "on") == 0;
    if (!is_on && strcmp(value, "off") != 0)
        return false;
    *ret_on = is_on;
    return true;
}

/* Returns the number of the word, or -1. */
static int word_of(const char *key)
{
    static const char *const words[] = {"budget", "work", "context"};
    for (int i = 0; i < 3; ++i) {
        if (strcmp(key, words[i]) == 0)
            return i;
    }
    return -1;
}

static bool read_word(struct reader *reader, const char *key, const char *value)
{
    struct text *complaint = reader->complaint;
    int word = word_of(key);
    if (word < 0) {
        text_add(complaint, "There is budget, work and context; no \"%.40s\".",
                 key);
        return false;
    }
    if (reader->seen & 1u << word) {
        text_add(complaint, "There is more than one %s.", key);
        return false;
    }
    reader->seen |= 1u << word;
    if (word == 2) {
        if (read_switch(value, &reader->wish->with_context))
            return true;
        text_add(complaint, "The context is on or off, not \"%.40s\".", value);
        return false;
    }
    if (read_ms(value,
                word == 0 ? &reader->wish->budget_ms : &reader->wish->work_ms))
        return true;
    text_add(complaint, "The %s is whole milliseconds, 1 to %d, not \"%.40s\".",
             key, LONGEST_MS, value);
    return false;
}

static enum MHD_Result take(void *arg, enum MHD_ValueKind kind, const char *key,
                            size_t key_size, const char *value,
                            size_t value_size)
{
    (void)kind;
    struct reader *reader = arg;
    if (value == NULL)
        value = "";
    if (strlen(key) != key_size || strlen(value) != value_size) {
        text_add(reader->complaint, "There is a zero byte in it.");
        return MHD_NO;
    }
    return read_word(reader, key, value) ? MHD_YES : MHD_NO;
}

bool wish_read(struct MHD_Connection *connection, struct wish *ret_wish,
               struct text *complaint)
{
    struct wish wish = {
        .budget_ms = 3000, .work_ms = 5000, .with_context = true};
    struct reader reader = {&wish, complaint, 0};
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take,
                                &reader);
    if (complaint->length != 0)
        return false;
    *ret_wish = wish;
    return true;
}
