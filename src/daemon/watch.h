/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Watch: whether files have changed
 *
 * It waits for the disk, so it belongs to a thread that may.
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero watches nothing. */
struct watch {
    char **paths; /* of files and folders */
    size_t n;
    uint64_t loaded; /* how they were when they were set */
    uint64_t seen;   /* how they were at the last look */
};

/* Note how the files are, before they are read. */
void watch_begin(struct watch *watch);

/*
 * Watch the @n @paths, which are copied, and no others. They have just been read; if one of those
 * before has changed since watch_begin(), they count as changed. A folder changes when a file in it
 * comes, goes, or gets another name. Without memory for all of them, some are not watched.
 */
void watch_set(struct watch *watch, const char *const *paths, size_t n);
void watch_deinit(struct watch *watch);

/*
 * Look at all files: true if they have changed since watch_set(), and not since the last look, so
 * that a file that is still being written is not read. A path that leads through symbolic links
 * changes with any of them.
 */
bool watch_has_changed(struct watch *watch);
