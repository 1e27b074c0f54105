/* SPDX-License-Identifier: Apache-2.0 */

/*
 * File
 *
 * Reading ends at the limit, so that /dev/zero ends too.
 */

#include "config/file.h"

#include "base/path.h"

#include <errno.h>

/* Read to the end of @file, or one byte past the limit. Returns 0 or a negative errno. */
static int read_bytes(FILE *file, struct buffer *bytes)
{
    if (!buffer_reserve(bytes, FILE_BYTES_MAX + 1))
        return -ENOMEM;
    bytes->len = fread(bytes->data, 1, FILE_BYTES_MAX + 1, file);
    return ferror(file) ? -errno : 0;
}

static int read_file(const char *path, struct buffer *bytes)
{
    FILE *file = fopen(path, "re");
    int r;

    if (!file)
        return -errno;
    r = read_bytes(file, bytes);
    fclose(file);
    return r;
}

static void complain_of_file(const char *path, int error, const char *flag,
                             struct problems *problems)
{
    struct slice missing = error == -ENOENT ? path_missing_folder(path) : SLICE("");

    if (missing.len)
        problems_add(problems, PLACE_NONE, "cannot be read: there is no folder %.*s; check %s",
                     (int)missing.len, missing.at, flag);
    else
        problems_add(problems, PLACE_NONE, "cannot be read: %s; check %s", strerror(-error), flag);
}

bool file_read(const char *path, const char *flag, struct buffer *bytes, struct problems *problems)
{
    int r = read_file(path, bytes);

    problems->path = path;
    if (r < 0)
        complain_of_file(path, r, flag, problems);
    else if (bytes->len > FILE_BYTES_MAX)
        problems_add(problems, PLACE_NONE, "is too large; expected at most %d KiB; check %s",
                     FILE_BYTES_MAX / 1024, flag);
    return r == 0 && bytes->len <= FILE_BYTES_MAX;
}
