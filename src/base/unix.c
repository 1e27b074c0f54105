/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Unix
 *
 * The kernel leaves a socket's file in place when its process dies, and refuses to bind to
 * a file that exists. So udometer tries to connect to an existing file. If the connection
 * is refused, the file is stale.
 */

#include "base/unix.h"

#include <errno.h>
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

/* Returns 0 if the file at @address is a socket on which nothing listens, or why it must stay. */
static int check_stale(const struct sockaddr_un *address, int type)
{
    struct stat status;
    int fd, r = 0;

    if (lstat(address->sun_path, &status) < 0)
        return -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    fd = open_socket(type);
    if (fd < 0)
        return fd;
    /* A socket of another type, or with a full queue, is in use too. */
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
        errno != ECONNREFUSED)
        r = -EADDRINUSE;
    close(fd);
    return r;
}

static int bind_or_replace(int fd, const struct sockaddr_un *address, int type)
{
    int r;

    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -errno;
    r = check_stale(address, type);
    if (r < 0)
        return r;
    if (unlink(address->sun_path) < 0)
        return -errno;
    return bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
}

static int set_permissions(const char *path, const struct unix_permissions *permissions)
{
    bool has_owner = permissions->owner != (uid_t)-1 || permissions->group != (gid_t)-1;

    if (has_owner && lchown(path, permissions->owner, permissions->group) < 0)
        return -errno;
    return chmod(path, permissions->mode) < 0 ? -errno : 0;
}

/* After bind(): set the permissions, and listen. */
static int finish(int fd, const char *path, int type, const struct unix_permissions *permissions,
                  struct unix_file *ret)
{
    struct stat status;
    int r;

    if (lstat(path, &status) < 0)
        return -errno;
    *ret = (struct unix_file){ status.st_dev, status.st_ino };
    r = set_permissions(path, permissions);
    if (r == 0 && type == SOCK_STREAM && listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r < 0)
        unix_remove(path, ret);
    return r;
}

int unix_bind(const char *path, int type, const struct unix_permissions *permissions,
              struct unix_file *ret)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd, r;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    fd = open_socket(type);
    if (fd < 0)
        return fd;
    unix_refuse_descriptors(fd);
    /* The file is created with the socket's mode, so it is never writable for too many users. */
    r = fchmod(fd, permissions->mode) < 0 ? -errno : 0;
    if (r == 0)
        r = bind_or_replace(fd, &address, type);
    if (r == 0)
        r = finish(fd, path, type, permissions, ret);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

void unix_remove(const char *path, const struct unix_file *file)
{
    struct stat status;

    if (lstat(path, &status) == 0 && status.st_dev == file->device && status.st_ino == file->inode)
        unlink(path);
}
