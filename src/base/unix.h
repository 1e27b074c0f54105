/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Unix: Unix domain sockets
 *
 * Their paths may also be abstract names, "@NAME": without a file, and so without permissions, in
 * the network namespace of the process (unix(7), "Abstract sockets").
 */

#include "base/address.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Who may send. */
struct unix_permissions {
    mode_t mode; /* of the file; senders need write permission */
    uid_t owner; /* (uid_t)-1: unchanged */
    gid_t group; /* (gid_t)-1: unchanged */
};

/* Identifies a socket file, so that another file at the same path is not removed. */
struct unix_file {
    dev_t device;
    ino_t inode;
};

/* Whether @path is an abstract name. "./@file" is the path of a file. */
bool unix_is_abstract(const char *path);

/*
 * The address of @path, to bind or connect to. Returns 0; -EINVAL without a name; -ENAMETOOLONG
 * with more than 107 bytes. On failure @ret is unchanged.
 */
MUST_CHECK int unix_address(struct address *ret, const char *path);

/* The most bytes that unix_path_of_socket() writes, with its NUL. */
#define UNIX_PATH_MAX 109

/*
 * Write the path or abstract name to which the Unix socket @fd is bound to @out, in the form that
 * unix_address() reads; "?" if there is none.
 */
void unix_path_of_socket(int fd, char out[UNIX_PATH_MAX]);

/*
 * Create a non-blocking socket of @type, SOCK_DGRAM or SOCK_STREAM (which then listens), at
 * @path. A socket file on which nothing listens any longer is replaced. The file has its mode and
 * owner from its first moment there. No link is followed, so the folder may belong to a user who is
 * not trusted. The kernel knows the socket by a temporary name in the same folder, which begins
 * with a dot (getsockname(), ss). An abstract name stays as it is.
 *
 * Returns the descriptor, and in @ret the file, if there is one; -EADDRINUSE when another process
 * listens there; -EEXIST when the file is not a socket; the errors of unix_address(); or another
 * negative errno. The umask of the process changes for a moment, so no other thread may make files.
 *
 * Peers cannot pass descriptors, as with unix_refuse_descriptors().
 */
MUST_CHECK int unix_bind(const char *path, int type, const struct unix_permissions *permissions,
                         struct unix_file *ret);

/*
 * Make the kernel refuse what passes descriptors to @fd, or to a connection accepted from it later
 * (SO_PASSRIGHTS): the sender gets EPERM. Not needed to keep them out, as a receive without room
 * for descriptors drops them. But the receive then closes them, and that can take as long as
 * the sender likes, for example for a TCP socket with SO_LINGER. Without effect before Linux 6.16.
 */
void unix_refuse_descriptors(int fd);

/* Remove the file at @path if it is still @file. Does nothing for an abstract name. */
void unix_remove(const char *path, const struct unix_file *file);
