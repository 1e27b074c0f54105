/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Path: what is wrong with a path that cannot be opened
 */

#include "base/slice.h"

/*
 * The first folder that leads to the file @path and does not exist: a part of @path, empty if there
 * is none. Asks the file system.
 */
struct slice path_missing_folder(const char *path);

/* Whether there is a folder at @path. */
bool path_is_folder(const char *path);

/* The folder of @path, a part of it: "/run" for "/run/socket", "." for "socket". */
struct slice path_folder(const char *path);
