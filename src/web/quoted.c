/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Quoted
 *
 * Source: the specification of Go, "String literals" and "Rune literals". As in PromQL, any number
 * of characters may be between two single quotes.
 */

#include "web/quoted.h"

/* The character that a backslash and @c stand for; 0 if they need more, or are wrong. */
static char simple_escape(char c, char quote)
{
    switch (c) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\': return '\\';
    default: return c == quote ? quote : '\0';
    }
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* Read @n digits. Returns false if there are fewer, or another character among them. */
static bool read_digits(struct slice digits, size_t n, unsigned base, unsigned long *ret)
{
    *ret = 0;
    if (digits.len < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)digit_of(digits.at[i]);

        if (digit >= base)
            return false;
        *ret = *ret * base + digit;
    }
    return true;
}

static void add_character(struct buffer *out, unsigned long code)
{
    if (code < 0x80) {
        buffer_add_char(out, (char)code);
    } else if (code < 0x800) {
        buffer_add_char(out, (char)(0xc0 | code >> 6));
        buffer_add_char(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buffer_add_char(out, (char)(0xe0 | code >> 12));
        buffer_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buffer_add_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        buffer_add_char(out, (char)(0xf0 | code >> 18));
        buffer_add_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        buffer_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
        buffer_add_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

/* Take a number after a backslash: \x41, \101, \u0041 or \U00000041. Returns its length, or 0. */
static size_t take_number(struct slice after, struct buffer *out)
{
    char first = after.at[0];
    bool is_octal = first >= '0' && first <= '7', is_byte = is_octal || first == 'x';
    size_t n = is_octal ? 3 : first == 'x' ? 2 : first == 'u' ? 4 : first == 'U' ? 8 : 0;
    struct slice digits = is_octal ? after : (struct slice){ after.at + 1, after.len - 1 };
    unsigned long code;

    if (n == 0 || !read_digits(digits, n, is_octal ? 8 : 16, &code))
        return 0;
    if (is_byte ? code > 0xff : code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    if (is_byte)
        buffer_add_char(out, (char)code);
    else
        add_character(out, code);
    return n + !is_octal;
}

/* Take what follows a backslash. Returns its length, or 0. */
static size_t take_escape(struct slice after, char quote, struct buffer *out)
{
    char c = after.len ? simple_escape(after.at[0], quote) : '\0';

    if (after.len == 0)
        return 0;
    if (!c)
        return take_number(after, out);
    buffer_add_char(out, c);
    return 1;
}

size_t quoted_take(struct slice text, struct buffer *out, const char **why)
{
    char quote = text.at[0];
    size_t i = 1;

    *why = "the quote is not closed";
    while (i < text.len && text.at[i] != quote) {
        struct slice after = { text.at + i + 1, text.len - i - 1 };
        size_t len;

        if (text.at[i] == '\n' && quote != '`')
            return 0;
        if (text.at[i] != '\\' || quote == '`') {
            buffer_add_char(out, text.at[i++]);
            continue;
        }
        len = take_escape(after, quote, out);
        if (len == 0) {
            *why = "a backslash in the quotes begins no escape; write \\\\ for a backslash";
            return 0;
        }
        i += 1 + len;
    }
    return i < text.len ? i + 1 : 0;
}
