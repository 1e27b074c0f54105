/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Unix: sockets that are files
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Who may send. */
struct unix_permissions {
    mode_t mode; /* of the file; who sends needs the right to write */
    uid_t owner; /* (uid_t)-1: leave it */
    gid_t group; /* (gid_t)-1: leave it */
};

/* A socket file, so that it can be removed without removing somebody else's. */
struct unix_file {
    dev_t device;
    ino_t inode;
};

/*
 * Make a socket of @type, SOCK_DGRAM or SOCK_STREAM (which then listens), at @path.
 * A socket file that nobody listens at any longer is replaced.
 *
 * Returns the descriptor and the file in @ret; -EADDRINUSE when somebody listens
 * there, -EEXIST when there is a file that is no socket, -ENAMETOOLONG, or another
 * negative errno.
 */
MUST_CHECK int unix_bind(const char *path, int type, const struct unix_permissions *permissions,
                         struct unix_file *ret);

/* Remove the file at @path, if it still is @file. */
void unix_remove(const char *path, const struct unix_file *file);
