/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Golden: what a case gives, compared with a file
 */

#include "base/buffer.h"

#include <stdbool.h>
#include <stdio.h>

/* Append the content of the file at @path; nothing if there is no such file. */
static inline void golden_read(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "re");
    char chunk[4096];
    size_t n;

    if (!file)
        return;
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buffer_add(out, (struct slice){ chunk, n });
    fclose(file);
}

/* Returns whether all was written. */
static inline bool golden_write(const char *path, struct slice text)
{
    FILE *file = fopen(path, "we");
    bool is_whole = file && fwrite(text.at, 1, text.len, file) == text.len;

    return file && fclose(file) == 0 && is_whole;
}

/*
 * Whether the file at @path has @actual, byte for byte. If not, print both; or, with @is_update,
 * write the file instead.
 */
static inline bool golden_check(const char *path, struct slice actual, bool is_update)
{
    CLEANUP(buffer_deinit) struct buffer expected = { 0 };

    golden_read(path, &expected);
    if (slice_equal(buffer_text(&expected), actual))
        return true;
    if (is_update)
        return golden_write(path, actual);
    printf("--- %s: expected\n%.*s--- but got\n%.*s", path, (int)expected.len, expected.data,
           (int)actual.len, actual.at);
    return false;
}
