/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Buffer: text that grows at its end
 *
 *      data        data + len        data + cap
 *       |  text      |   room          |
 *
 * A failed allocation sets has_failed, and later additions do nothing. So the caller
 * checks once, at the end, instead of after each addition.
 */

#include "base/compiler.h"
#include "base/slice.h"

#include <stdarg.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t len;
    size_t cap;
    bool has_failed;
};

/* Free the memory. All zero is an empty buffer: struct buffer b = { 0 }. */
void buffer_deinit(struct buffer *buffer);

/* Empty it and reset has_failed; keep the memory. */
void buffer_clear(struct buffer *buffer);

/* The slow path of buffer_reserve(). */
MUST_CHECK bool buffer_grow(struct buffer *buffer, size_t more);

/*
 * Reserve @more bytes, for text of many small parts. The caller may then write them at
 * data + len and add their number to len. Returns false, with has_failed set, when out
 * of memory now or earlier.
 */
MUST_CHECK static inline bool buffer_reserve(struct buffer *buffer, size_t more)
{
    return LIKELY(more <= buffer->cap - buffer->len && !buffer->has_failed) ||
           buffer_grow(buffer, more);
}

/* Append some bytes, a literal's bytes, a character, a number. */
void buffer_add(struct buffer *buffer, struct slice text);
#define buffer_add_literal(buffer, literal) buffer_add((buffer), SLICE(literal))
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_uint(struct buffer *buffer, uint64_t number);
void buffer_add_double(struct buffer *buffer, double number);

/* Append like printf(). Slow: for startup and rare lines only. */
__attribute__((__format__(__printf__, 2, 3))) void buffer_add_format(struct buffer *buffer,
                                                                     const char *format, ...);

/* The same for a va_list. The caller starts and ends @args, and must not use them in between. */
__attribute__((__format__(__printf__, 2, 0))) void buffer_add_format_args(struct buffer *buffer,
                                                                          const char *format,
                                                                          va_list args);

/* Replace each control character with '?', so that the text is one line and safe to print. */
void buffer_keep_on_one_line(struct buffer *buffer);

/* The text, borrowed until the buffer changes. */
static inline struct slice buffer_text(const struct buffer *buffer)
{
    return (struct slice){ buffer->data, buffer->len };
}
