/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UTF-8
 *
 * The first byte of a character tells how many bytes follow. The range of the second byte
 * excludes four gaps: overlong forms after E0 and F0, surrogates after ED, and characters
 * beyond U+10FFFF after F4. ASCII, which is nearly all of the input, is skipped 8 bytes at
 * a time.
 */

#include "base/utf8.h"

#include <stdint.h>

/* The number of bytes that follow @first, or -1 when no character begins with it. */
static int n_following(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xC2)
        return -1;
    if (first < 0xE0)
        return 1;
    if (first < 0xF0)
        return 2;
    return first < 0xF5 ? 3 : -1;
}

/* May @second follow @first? */
static bool second_is_valid(unsigned char first, unsigned char second)
{
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

    return second >= low && second <= high;
}

static const unsigned char *skip_ascii(const unsigned char *at, const unsigned char *end)
{
    uint64_t word;

    while (end - at >= 8) {
        memcpy(&word, at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
        at += 8;
    }
    while (at < end && *at < 0x80)
        at++;
    return at;
}

/* The length of the character at @at, which is not ASCII, or 0 if it is not well-formed. */
static int character_length(const unsigned char *at, const unsigned char *end)
{
    int n = n_following(*at);

    if (n < 0 || end - at <= n || !second_is_valid(at[0], at[1]))
        return 0;
    for (int i = 2; i <= n; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return n + 1;
}

size_t utf8_valid_prefix(struct slice text)
{
    const unsigned char *begin = (const unsigned char *)text.at, *at = begin, *end;

    if (text.len == 0)
        return 0;
    end = begin + text.len;
    while ((at = skip_ascii(at, end)) < end) {
        int len = character_length(at, end);

        if (len == 0)
            break;
        at += len;
    }
    return (size_t)(at - begin);
}

bool utf8_is_valid(struct slice text)
{
    return utf8_valid_prefix(text) == text.len;
}

void utf8_repair(struct slice text, struct buffer *out)
{
    size_t n;

    while ((n = utf8_valid_prefix(text)) < text.len) {
        buffer_add(out, (struct slice){ text.at, n });
        buffer_add_literal(out, "\xef\xbf\xbd");
        text = (struct slice){ text.at + n + 1, text.len - n - 1 };
    }
    buffer_add(out, text);
}
