/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Name
 *
 * One pass over the bytes. It runs only for a key that a worker has not cached.
 */

#include "mapping/name.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/* A later byte of a UTF-8 character, of which only the first byte becomes a '_'. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

struct slice name_write(char *out, struct slice sent)
{
    size_t len = 0;

    if (sent.len && is_digit(sent.at[0]))
        out[len++] = '_';
    for (size_t i = 0; i < sent.len; i++) {
        char c = sent.at[i];

        if (is_name_char(c))
            out[len++] = c;
        else if (c == '-' && i > 0 && sent.at[i - 1] == '-')
            continue;
        else if (!is_continuation(c))
            out[len++] = '_';
    }
    return (struct slice){ out, len };
}
