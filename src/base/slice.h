/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Slice: a range of borrowed bytes
 *
 * A slice owns nothing and has no NUL at its end. Its source says how long it is valid. For
 * received bytes, that is until their batch is applied.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *at; /* not NULL unless len is 0 */
    size_t len;     /* bytes */
};

/* The slice over a string literal, without its NUL. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

static inline struct slice slice_of(const char *string)
{
    return (struct slice){ string, strlen(string) };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool slice_starts_with(struct slice slice, struct slice prefix)
{
    return slice.len >= prefix.len && memcmp(slice.at, prefix.at, prefix.len) == 0;
}

/* Compare by bytes; a prefix comes first. Returns negative, 0 or positive, like memcmp(). */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.at, b.at, len) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* Copy @text to *@at, and move *@at past it. Returns the copy. */
static inline struct slice slice_put(char **at, struct slice text)
{
    struct slice copy = { *at, text.len };

    if (text.len)
        memcpy(*at, text.at, text.len);
    *at += text.len;
    return copy;
}

/* For qsort() and bsearch(): the order of items that are slices, or structs that begin with one. */
static inline int slice_order(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/*
 * Cut @slice at the first @separator. Returns the part before it, and @slice keeps the
 * part after it. Without a separator, returns all of @slice and leaves it empty.
 */
static inline struct slice slice_cut(struct slice *slice, char separator)
{
    const char *found = slice->len ? memchr(slice->at, separator, slice->len) : NULL;
    struct slice head = *slice;

    if (!found) {
        if (slice->len) /* an empty one may point nowhere */
            *slice = (struct slice){ slice->at + slice->len, 0 };
        return head;
    }
    head.len = (size_t)(found - slice->at);
    *slice = (struct slice){ found + 1, slice->len - head.len - 1 };
    return head;
}

/* @slice without the spaces and tabs at its two ends. */
static inline struct slice slice_trim(struct slice slice)
{
    while (slice.len && (slice.at[0] == ' ' || slice.at[0] == '\t')) {
        slice.at++;
        slice.len--;
    }
    while (slice.len && (slice.at[slice.len - 1] == ' ' || slice.at[slice.len - 1] == '\t'))
        slice.len--;
    return slice;
}
