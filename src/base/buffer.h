/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Buffer: text that grows at its end
 *
 *      data        data + len        data + cap
 *       |  text      |   room          |
 *
 * A failed allocation is remembered: later additions do nothing, and has_failed
 * says so once at the end, instead of a check behind every word.
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

/* All zero is an empty buffer: struct buffer b = { 0 }. Give its memory back with this. */
void buffer_deinit(struct buffer *buffer);

/* Empty it and keep its memory; a failure is forgotten. */
void buffer_clear(struct buffer *buffer);

/* What buffer_reserve() does when there is no room. */
MUST_CHECK bool buffer_grow(struct buffer *buffer, size_t more);

/*
 * Make room for @more bytes, which the caller may then write at data + len and count
 * in len: for text of many small parts. Returns false, and has_failed is set, without memory.
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

/* Append as printf does. For start-up and rare lines: it is slow. */
__attribute__((__format__(__printf__, 2, 3))) void buffer_add_format(struct buffer *buffer,
                                                                     const char *format, ...);

/* The same with arguments that the caller has started and ends; they are used up. */
__attribute__((__format__(__printf__, 2, 0))) void buffer_add_format_args(struct buffer *buffer,
                                                                          const char *format,
                                                                          va_list args);

/* Make it one line that is safe to print: each control character becomes '?'. */
void buffer_keep_on_one_line(struct buffer *buffer);

/* All of it, borrowed until the buffer changes. */
static inline struct slice buffer_text(const struct buffer *buffer)
{
    return (struct slice){ buffer->data, buffer->len };
}
