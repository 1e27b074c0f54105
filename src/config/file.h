/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * File: all bytes of a file, or the problem that it cannot be read
 */

#include "base/compiler.h"
#include "config/problems.h"

/* The most bytes of a file. */
#define FILE_BYTES_MAX (16 << 20)

/*
 * Append the bytes of the file at @path, which becomes the path of @problems, to @bytes. Returns
 * false after adding a problem, which tells the user to check @flag.
 */
MUST_CHECK bool file_read(const char *path, const char *flag, struct buffer *bytes,
                          struct problems *problems);
