/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Buffer
 *
 * The capacity doubles, so appending n bytes one by one moves fewer than 2n bytes in all.
 */

#include "base/buffer.h"

#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 1024

/* Doubling the capacity for a text of at most this length cannot overflow. */
#define LENGTH_MAX (SIZE_MAX / 4)

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->has_failed = false;
}

bool buffer_grow(struct buffer *buffer, size_t more)
{
    size_t cap = buffer->cap ? buffer->cap : FIRST_CAP;
    char *data;

    if (buffer->has_failed)
        return false;
    if (more > LENGTH_MAX - buffer->len) {
        buffer->has_failed = true;
        return false;
    }
    while (cap - buffer->len < more)
        cap *= 2;
    data = realloc(buffer->data, cap);
    if (!data) {
        buffer->has_failed = true;
        return false;
    }
    buffer->data = data;
    buffer->cap = cap;
    return true;
}

void buffer_add(struct buffer *buffer, struct slice text)
{
    if (text.len == 0 || !buffer_reserve(buffer, text.len))
        return;
    memcpy(buffer->data + buffer->len, text.at, text.len);
    buffer->len += text.len;
}

void buffer_add_char(struct buffer *buffer, char c)
{
    if (!buffer_reserve(buffer, 1))
        return;
    buffer->data[buffer->len++] = c;
}

void buffer_add_uint(struct buffer *buffer, uint64_t number)
{
    if (!buffer_reserve(buffer, NUMBER_TEXT_MAX))
        return;
    buffer->len += number_format_uint(buffer->data + buffer->len, number);
}

void buffer_add_double(struct buffer *buffer, double number)
{
    if (!buffer_reserve(buffer, NUMBER_TEXT_MAX))
        return;
    buffer->len += number_format(buffer->data + buffer->len, number);
}

void buffer_add_format_args(struct buffer *buffer, const char *format, va_list args)
{
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    /* vsnprintf() also needs room for its NUL. */
    if (len < 0) {
        buffer->has_failed = true;
    } else if (buffer_reserve(buffer, (size_t)len + 1)) {
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buffer_add_format_args(buffer, format, args);
    va_end(args);
}

void buffer_keep_on_one_line(struct buffer *buffer)
{
    for (size_t i = 0; i < buffer->len; i++)
        if ((unsigned char)buffer->data[i] < ' ' || buffer->data[i] == 0x7f)
            buffer->data[i] = '?';
}
