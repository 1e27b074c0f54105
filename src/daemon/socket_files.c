/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Socket files
 *
 * A new socket gets the number of the old descriptor, so nothing else has to change:
 *
 *      thread          binds the new socket
 *      first worker    takes what is left in the old socket, and puts the new one in its place
 *      other workers   watch it anew, if they accept from it too
 *
 * One file after the other. While the thread may wait for a disk, it has a copy of what it needs.
 */

#include "daemon/socket_files.h"

#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* What workers replace, and with what; -1 once the first has taken it. */
struct replacement {
    int fd;
    _Atomic int new_fd;
};

/* On a worker's thread. Those after the first one only begin to listen again. */
static void replace(void *ctx, unsigned worker, struct intake *intake)
{
    struct replacement *replacement = ctx;

    intake_replace(intake, replacement->fd, atomic_exchange(&replacement->new_fd, -1));
}

/* Let the workers use @new_fd, which is taken, in place of the old socket. */
static void hand_over(const struct socket_files *files, const struct listener_file *file,
                      int new_fd)
{
    struct replacement replacement = { file->fd, new_fd };
    const struct workers_request request = { replace, &replacement };
    unsigned first = file->worker;

    workers_ask(files->workers, first, first + 1, &request);
    if (file->type != SOCK_STREAM)
        return;
    workers_ask(files->workers, 0, first, &request);
    workers_ask(files->workers, first + 1, files->workers->n, &request);
}

static bool is_there(const struct listener_file *file)
{
    struct stat status;

    return lstat(file->path, &status) == 0 && status.st_dev == file->file.device &&
           status.st_ino == file->file.inode;
}

/* A file that was made, and its socket. */
struct made {
    struct unix_file file;
    int fd; /* -1: the file was there */
};

/* Make the file again if it is gone. Returns 0 or negative errno. */
static int look_at(const struct listener_file *file, const struct unix_permissions *permissions,
                   struct made *ret)
{
    ret->fd = -1;
    if (is_there(file))
        return 0;
    ret->fd = unix_bind(file->path, file->type, permissions, &ret->file);
    return ret->fd < 0 ? ret->fd : 0;
}

static void undo(const struct listener_file *file, const struct made *made)
{
    if (made->fd < 0)
        return;
    unix_remove(file->path, &made->file);
    close(made->fd);
}

static void log_error_once(struct listener_file *file, int error)
{
    if (error != file->last_error)
        log_warn("the file of a socket is gone, and cannot be made again",
                 LOG_TEXT("path", file->path), LOG_TEXT("error", strerror(-error)),
                 LOG_TEXT("hint", "senders cannot connect until it can; it is tried every second"));
    file->last_error = error;
}

static void take(const struct socket_files *files, struct listener_file *file,
                 const struct made *made)
{
    file->last_error = 0;
    if (made->fd < 0)
        return;
    file->file = made->file;
    log_warn(
        "the file of a socket was gone, and has been made again", LOG_TEXT("path", file->path),
        LOG_TEXT("hint", "find out what removes it; a cleaner of temporary files, for example"));
    hand_over(files, file, made->fd);
}

/* Returns false if the process ends. */
static bool look_after(struct socket_files *files, struct listener_file *file)
{
    const struct unix_permissions permissions =
        listeners_bound(files->sockets->listeners)->options.permissions;
    const struct listener_file copy = *file;
    struct disk_thread *thread = files->thread;
    struct made made;
    int r;

    files->is_waiting = true;
    if (!disk_thread_begin_wait(thread))
        return false;
    r = look_at(&copy, &permissions, &made);
    if (!disk_thread_end_wait(thread)) {
        undo(&copy, &made);
        return false;
    }
    files->is_waiting = false;
    if (r < 0)
        log_error_once(file, r);
    else
        take(files, file, &made);
    return true;
}

bool socket_files_exist(const struct socket_files *files)
{
    return listeners_bound(files->sockets->listeners)->n_files > 0;
}

bool socket_files_look(struct socket_files *files)
{
    struct bound *bound = listeners_bound(files->sockets->listeners);

    for (unsigned i = 0; i < bound->n_files; i++)
        if (!look_after(files, &bound->files[i]))
            return false;
    return true;
}
