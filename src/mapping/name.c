/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Name
 *
 * One pass over the bytes, with a table. It runs only for a key that a worker has not cached.
 */

#include "mapping/name.h"

#include "base/compiler.h"

#include <stdbool.h>

/* Whether a byte stays as it is. */
static const bool is_kept[256] = {
    ['0' ... '9'] = true,
    ['A' ... 'Z'] = true,
    ['_'] = true,
    ['a' ... 'z'] = true,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A later byte of a UTF-8 character, of which only the first byte becomes a '_'. */
static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

struct slice name_write(char *out, struct slice sent)
{
    char *at = out;

    if (sent.len && is_digit(sent.at[0]))
        *at++ = '_';
    for (size_t i = 0; i < sent.len; i++) {
        char c = sent.at[i];

        if (LIKELY(is_kept[(unsigned char)c]))
            *at++ = c;
        else if (c == '-' && i > 0 && sent.at[i - 1] == '-')
            continue;
        else if (!is_continuation(c))
            *at++ = '_';
    }
    return (struct slice){ out, (size_t)(at - out) };
}
