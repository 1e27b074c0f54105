/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Unix
 *
 * The kernel leaves a socket's file in place when its process dies, and refuses to bind to
 * a file that exists. So udometer tries to connect to an existing file. If the connection
 * is refused, the file is stale. An abstract name has no file, and is free again when its socket is
 * closed.
 *
 * A file is made under a temporary name in the same folder, and gets its own name when all is done:
 * it has its mode and owner, and connections are accepted. So no sender sees it before, and two
 * processes that start at the same time cannot both have it.
 *
 * The folder may belong to a user whom root should not trust. That user can put something else in
 * the place of the file at any time, for example a symbolic link to a file of root's. So nothing
 * changes the mode or the owner of what is at a path: the mode comes with bind(), and the owner of
 * the file is set after it has been opened and is known to be a socket.
 */

#include "base/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* As many as the kernel allows: it takes less for net.core.somaxconn. */
#define BACKLOG INT_MAX
/* Of a path, with its NUL. */
#define PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)
/* At the end of a temporary name, and how many names to try. */
#define RANDOM_LETTERS 6
#define TRIES_MAX 16

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

static bool is_file(const struct stat *status, const struct unix_file *file)
{
    return status->st_dev == file->device && status->st_ino == file->inode;
}

/* Returns 0 if the file at @path is a socket on which nothing listens, or why it must stay. */
static int check_stale(const char *path, int type)
{
    struct address address;
    struct stat status;
    int fd, r = unix_address(&address, path);

    if (r < 0)
        return r;
    if (lstat(path, &status) < 0)
        return -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    fd = open_socket(type);
    if (fd < 0)
        return fd;
    /* A socket of another type, or with a full queue, is in use too. */
    if (connect(fd, &address.any, address.len) == 0 || errno != ECONNREFUSED)
        r = -EADDRINUSE;
    close(fd);
    return r;
}

/* --- a file under a temporary name ---------------------------------------------------------- */

/* A socket that is being made, and its file until it has its name. */
struct binding {
    int fd, type;
    const char *path;
    const struct unix_permissions *permissions;
    char temporary[PATH_SIZE];
    struct unix_file file;
};

/* Write a random name to @out, at least one of @n bytes, with its NUL. */
static int write_random(char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[RANDOM_LETTERS];

    if (getrandom(random, n, 0) != (ssize_t)n)
        return -EIO;
    for (size_t i = 0; i < n; i++)
        out[i] = letters[random[i] % (sizeof(letters) - 1)];
    out[n] = '\0';
    return 0;
}

/*
 * Choose a name in the folder of the path: ".NAME.RANDOM", as programs show it that ask the kernel
 * (ss, lsof). What does not fit is left out, from the left.
 */
static int choose_temporary(struct binding *binding)
{
    const char *slash = strrchr(binding->path, '/');
    const char *name = slash ? slash + 1 : binding->path;
    size_t len = (size_t)(name - binding->path), room = PATH_SIZE - 1 - len;
    size_t n_random = room < RANDOM_LETTERS ? room : RANDOM_LETTERS;
    char *out = binding->temporary;

    memcpy(out, binding->path, len);
    room -= n_random;
    if (room > 2)
        len += (size_t)snprintf(out + len, room + 1, ".%.*s.", (int)(room - 2), name);
    return write_random(out + len, n_random);
}

/*
 * The kernel gives the file the socket's mode, less the umask. So that the file has the right mode
 * from its first moment, the umask of the whole process is another one for this moment. That does
 * no harm: no other thread creates files.
 */
static int bind_with_mode(const struct binding *binding, const struct address *address)
{
    mode_t mode = binding->permissions->mode, before;
    int r;

    if (fchmod(binding->fd, mode) < 0)
        return -errno;
    before = umask(~mode & 0777);
    r = bind(binding->fd, &address->any, address->len) < 0 ? -errno : 0;
    umask(before);
    return r;
}

static int bind_temporary(struct binding *binding)
{
    int r = -EADDRINUSE;

    for (unsigned i = 0; i < TRIES_MAX && r == -EADDRINUSE; i++) {
        struct address address;

        r = choose_temporary(binding);
        if (r == 0)
            r = unix_address(&address, binding->temporary);
        if (r == 0)
            r = bind_with_mode(binding, &address);
    }
    return r;
}

static bool has_owner(const struct unix_permissions *permissions)
{
    return permissions->owner != (uid_t)-1 || permissions->group != (gid_t)-1;
}

static bool has_mode(const struct stat *status, const struct unix_permissions *permissions)
{
    return (status->st_mode & 07777) == permissions->mode;
}

/* Of the open file @fd, whatever is at its path now. Needed with an ACL that the folder has. */
static int set_mode(int fd, mode_t mode)
{
    char itself[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

    snprintf(itself, sizeof(itself), "/proc/self/fd/%d", fd);
    return chmod(itself, mode) < 0 ? -errno : 0;
}

/* Set the owner of the open file @fd, and its mode if that is still another one. */
static int set_permissions(const struct binding *binding, int fd)
{
    const struct unix_permissions *permissions = binding->permissions;
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!is_file(&status, &binding->file))
        return -EEXIST;
    if (has_owner(permissions) &&
        fchownat(fd, "", permissions->owner, permissions->group, AT_EMPTY_PATH) < 0)
        return -errno;
    return has_mode(&status, permissions) ? 0 : set_mode(fd, permissions->mode);
}

/* Note which file it is, and see that it has the right owner and mode. */
static int take_file(struct binding *binding)
{
    struct stat status;
    int fd, r;

    if (lstat(binding->temporary, &status) < 0)
        return -errno;
    /* Others may have replaced the file, if the folder is theirs. */
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    binding->file = (struct unix_file){ status.st_dev, status.st_ino };
    if (!has_owner(binding->permissions) && has_mode(&status, binding->permissions))
        return 0;
    fd = open(binding->temporary, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = set_permissions(binding, fd);
    close(fd);
    return r;
}

/* --- and under its own ---------------------------------------------------------------------- */

static int rename_with(const char *from, const char *to, unsigned flags)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) < 0 ? -errno : 0;
}

/* Some file systems lack a part of what renameat2() offers. */
static bool is_unsupported(int error)
{
    return error == -EINVAL || error == -ENOSYS;
}

/* Returns 0, -EEXIST if there is a file, or another negative errno. */
static int give_name(const struct binding *binding)
{
    int r = rename_with(binding->temporary, binding->path, RENAME_NOREPLACE);

    if (!is_unsupported(r))
        return r;
    if (link(binding->temporary, binding->path) < 0)
        return -errno;
    return unlink(binding->temporary) < 0 ? -errno : 0;
}

/*
 * Swap the two files, and look at the old one again: since the first look, another process may have
 * put its own in the place of a stale one.
 */
static int replace_stale(const struct binding *binding)
{
    int r = rename_with(binding->temporary, binding->path, RENAME_EXCHANGE);

    if (is_unsupported(r))
        return rename(binding->temporary, binding->path) < 0 ? -errno : 0;
    if (r < 0)
        return r;
    r = check_stale(binding->temporary, binding->type);
    if (r == 0)
        return unlink(binding->temporary) < 0 ? -errno : 0;
    (void)rename_with(binding->temporary, binding->path, RENAME_EXCHANGE);
    return r;
}

static int put_in_place(const struct binding *binding)
{
    int r = -EEXIST;

    for (unsigned i = 0; i < TRIES_MAX; i++) {
        r = give_name(binding);
        if (r != -EEXIST)
            return r;
        r = check_stale(binding->path, binding->type);
        if (r == 0)
            r = replace_stale(binding);
        if (r != -ENOENT) /* otherwise it has just been removed */
            return r;
    }
    return -EADDRINUSE;
}

static int listen_if_stream(const struct binding *binding)
{
    return binding->type == SOCK_STREAM && listen(binding->fd, BACKLOG) < 0 ? -errno : 0;
}

/* The first look is for the reason why a file must stay: bind() might find another one. */
static int bind_file(struct binding *binding)
{
    int r = check_stale(binding->path, binding->type);

    if (r == 0 || r == -ENOENT)
        r = bind_temporary(binding);
    if (r < 0)
        return r;
    r = take_file(binding);
    if (r == 0)
        r = listen_if_stream(binding);
    if (r == 0)
        r = put_in_place(binding);
    if (r < 0)
        unix_remove(binding->temporary, &binding->file);
    return r;
}

static int bind_name(const struct binding *binding)
{
    struct address address;
    int r = unix_address(&address, binding->path);

    if (r < 0)
        return r;
    if (bind(binding->fd, &address.any, address.len) < 0)
        return -errno;
    return listen_if_stream(binding);
}

int unix_bind(const char *path, int type, const struct unix_permissions *permissions,
              struct unix_file *ret)
{
    struct binding binding = { open_socket(type), type, path, permissions, "", { 0 } };
    int r;

    if (binding.fd < 0)
        return binding.fd;
    unix_refuse_descriptors(binding.fd);
    r = unix_is_abstract(path) ? bind_name(&binding) : bind_file(&binding);
    if (r < 0) {
        close(binding.fd);
        return r;
    }
    *ret = binding.file;
    return binding.fd;
}

void unix_remove(const char *path, const struct unix_file *file)
{
    struct stat status;

    if (!unix_is_abstract(path) && lstat(path, &status) == 0 && is_file(&status, file))
        unlink(path);
}
