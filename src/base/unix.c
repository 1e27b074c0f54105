/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Unix
 *
 * The kernel leaves a socket's file in place when its process dies, and refuses to bind to
 * a file that exists. So udometer tries to connect to an existing file. If the connection
 * is refused, the file is stale. An abstract name has no file, and is free again when its socket is
 * closed.
 */

#include "base/unix.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

/* Since Linux 6.16, and not yet in the C library's headers. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

static int open_socket(int type)
{
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

void unix_refuse_descriptors(int fd)
{
    int off = 0;

    (void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

bool unix_is_abstract(const char *path)
{
    return path[0] == '@';
}

int unix_address(struct address *ret, const char *path)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    if (len == 0 || strcmp(path, "@") == 0)
        return -EINVAL;
    if (len >= sizeof(name.sun_path))
        return -ENAMETOOLONG;
    memcpy(name.sun_path, path, len + 1);
    *ret = (struct address){ .len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1) };
    if (unix_is_abstract(path)) {
        name.sun_path[0] = '\0';
        ret->len--; /* its length ends an abstract name */
    }
    memcpy(&ret->storage, &name, sizeof(name));
    return 0;
}

void unix_path_of_socket(int fd, char out[UNIX_PATH_MAX])
{
    struct address bound;
    struct sockaddr_un name;
    size_t len = 0;

    if (address_of_socket(&bound, fd) == 0 && bound.len > offsetof(struct sockaddr_un, sun_path)) {
        len = bound.len - offsetof(struct sockaddr_un, sun_path);
        memcpy(&name, &bound.storage, sizeof(name));
    }
    if (len == 0 || name.sun_family != AF_UNIX) {
        snprintf(out, UNIX_PATH_MAX, "?");
        return;
    }
    if (name.sun_path[0] == '\0')
        name.sun_path[0] = '@';
    snprintf(out, UNIX_PATH_MAX, "%.*s", (int)len, name.sun_path);
}

/* Returns 0 if the file at @path is a socket on which nothing listens, or why it must stay. */
static int check_stale(const char *path, const struct address *address, int type)
{
    struct stat status;
    int fd, r = 0;

    if (lstat(path, &status) < 0)
        return -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    fd = open_socket(type);
    if (fd < 0)
        return fd;
    /* A socket of another type, or with a full queue, is in use too. */
    if (connect(fd, &address->any, address->len) == 0 || errno != ECONNREFUSED)
        r = -EADDRINUSE;
    close(fd);
    return r;
}

static int bind_or_replace(int fd, const char *path, const struct address *address, int type)
{
    int r;

    if (bind(fd, &address->any, address->len) == 0)
        return 0;
    if (errno != EADDRINUSE || unix_is_abstract(path))
        return -errno;
    r = check_stale(path, address, type);
    if (r < 0)
        return r;
    if (unlink(path) < 0)
        return -errno;
    return bind(fd, &address->any, address->len) < 0 ? -errno : 0;
}

static int set_permissions(const char *path, const struct unix_permissions *permissions)
{
    bool has_owner = permissions->owner != (uid_t)-1 || permissions->group != (gid_t)-1;

    if (has_owner && lchown(path, permissions->owner, permissions->group) < 0)
        return -errno;
    return chmod(path, permissions->mode) < 0 ? -errno : 0;
}

/* After bind(): note which file it is, and set its permissions. */
static int take_file(const char *path, const struct unix_permissions *permissions,
                     struct unix_file *ret)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return -errno;
    *ret = (struct unix_file){ status.st_dev, status.st_ino };
    return set_permissions(path, permissions);
}

static int bind_and_listen(int fd, const char *path, int type,
                           const struct unix_permissions *permissions, struct unix_file *ret)
{
    struct address address;
    int r = unix_address(&address, path);

    /* The file is created with the socket's mode, so it is never writable for too many users. */
    if (r == 0 && fchmod(fd, permissions->mode) < 0)
        r = -errno;
    if (r == 0)
        r = bind_or_replace(fd, path, &address, type);
    if (r < 0)
        return r;
    if (!unix_is_abstract(path))
        r = take_file(path, permissions, ret);
    if (r == 0 && type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r < 0)
        unix_remove(path, ret);
    return r;
}

int unix_bind(const char *path, int type, const struct unix_permissions *permissions,
              struct unix_file *ret)
{
    int fd = open_socket(type), r;

    if (fd < 0)
        return fd;
    *ret = (struct unix_file){ 0 };
    unix_refuse_descriptors(fd);
    r = bind_and_listen(fd, path, type, permissions, ret);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

void unix_remove(const char *path, const struct unix_file *file)
{
    struct stat status;

    if (!unix_is_abstract(path) && lstat(path, &status) == 0 && status.st_dev == file->device &&
        status.st_ino == file->inode)
        unlink(path);
}
