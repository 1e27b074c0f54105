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
 * One file after the other. The thread waits in between, for an answer or a second, and holds its
 * lock only to look at what the others change.
 */

#include "daemon/socket_files.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTERVAL_NS CLOCK_NS_PER_S
#define END_MAX_NS CLOCK_NS_PER_S

/* A worker that is asked to do its part. */
struct request {
    struct socket_files *files;
    struct worker *worker;
    struct worker_task task;
};

/* A file, as far as the thread knows. It has copies, because it may outlive the listeners. */
struct kept_file {
    struct listener_file file;
    int last_error; /* why it cannot be made again; 0 if it is there */
};

struct socket_files {
    struct listeners *listeners;
    struct unix_permissions permissions;
    struct kept_file kept[2 * LISTENERS_PER_PROTOCOL_MAX];
    unsigned n_kept;
    struct request *requests; /* one for each worker */
    unsigned n_workers;
    pthread_t thread;
    bool is_stuck;

    /* What the workers that are asked replace, and with what; -1 once one has taken it. */
    int fd;
    _Atomic int new_fd;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    unsigned n_awaited; /* workers that have not answered yet */
    bool is_stopping, has_ended;
};

/* --- the workers' part ---------------------------------------------------------------------- */

/* On a worker's thread. */
static void replace(struct shard *shard, void *arg)
{
    struct request *request = arg;
    struct socket_files *files = request->files;

    /* The first one takes it; those after it only begin to listen again. */
    intake_replace(worker_intake(request->worker), files->fd, atomic_exchange(&files->new_fd, -1));
    pthread_mutex_lock(&files->lock);
    files->n_awaited--;
    pthread_cond_broadcast(&files->changed);
    pthread_mutex_unlock(&files->lock);
}

/* Ask the workers from @first to before @end, and wait. Returns false if the process ends. */
static bool ask(struct socket_files *files, unsigned first, unsigned end)
{
    bool is_stopping;

    pthread_mutex_lock(&files->lock);
    for (unsigned i = first; i < end && !files->is_stopping; i++) {
        files->n_awaited++;
        worker_ask(files->requests[i].worker, &files->requests[i].task);
    }
    while (files->n_awaited > 0 && !files->is_stopping)
        pthread_cond_wait(&files->changed, &files->lock);
    is_stopping = files->is_stopping;
    pthread_mutex_unlock(&files->lock);
    return !is_stopping;
}

/* --- the thread ------------------------------------------------------------------------------ */

static bool is_there(const struct listener_file *file)
{
    struct stat status;

    return lstat(file->path, &status) == 0 && status.st_dev == file->file.device &&
           status.st_ino == file->file.inode;
}

/*
 * Let the workers use @new_fd in place of the old socket. The first that is asked takes it. Returns
 * false if the process ends.
 */
static bool hand_over(struct socket_files *files, const struct listener_file *file, int new_fd)
{
    unsigned first = file->worker;

    files->fd = file->fd;
    files->new_fd = new_fd;
    if (file->type != SOCK_STREAM)
        return ask(files, first, first + 1);
    return ask(files, first, first + 1) && ask(files, 0, first) &&
           ask(files, first + 1, files->n_workers);
}

static void log_error_once(struct kept_file *kept, int error)
{
    if (error != kept->last_error)
        log_warn("the file of a socket is gone, and cannot be made again",
                 LOG_TEXT("path", kept->file.path), LOG_TEXT("error", strerror(-error)),
                 LOG_TEXT("hint", "senders cannot connect until it can; it is tried every second"));
    kept->last_error = error;
}

/* Returns false if the process ends. */
static bool look_after(struct socket_files *files, struct kept_file *kept)
{
    struct listener_file *file = &kept->file;
    struct unix_file made;
    int fd;

    if (is_there(file)) {
        kept->last_error = 0;
        return true;
    }
    fd = unix_bind(file->path, file->type, &files->permissions, &made);
    if (fd < 0) {
        log_error_once(kept, fd);
        return true;
    }
    file->file = made;
    kept->last_error = 0;
    log_warn(
        "the file of a socket was gone, and has been made again", LOG_TEXT("path", file->path),
        LOG_TEXT("hint", "find out what removes it; a cleaner of temporary files, for example"));
    return hand_over(files, file, fd);
}

/* Returns false if the process ends. */
static bool look_after_all(struct socket_files *files)
{
    for (unsigned i = 0; i < files->n_kept; i++)
        if (!look_after(files, &files->kept[i]))
            return false;
    return true;
}

/* Wait until *@flag, at most @max_ns. Returns *@flag. */
static bool wait_for(struct socket_files *files, const bool *flag, int64_t max_ns)
{
    int64_t until_ns = clock_monotonic_ns() + max_ns;
    const struct timespec until = { until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S };
    int r = 0;
    bool is_set;

    pthread_mutex_lock(&files->lock);
    while (!*flag && r != ETIMEDOUT)
        r = pthread_cond_timedwait(&files->changed, &files->lock, &until);
    is_set = *flag;
    pthread_mutex_unlock(&files->lock);
    return is_set;
}

static void set(struct socket_files *files, bool *flag)
{
    pthread_mutex_lock(&files->lock);
    *flag = true;
    pthread_cond_broadcast(&files->changed);
    pthread_mutex_unlock(&files->lock);
}

static void *run(void *arg)
{
    struct socket_files *files = arg;

    while (!wait_for(files, &files->is_stopping, INTERVAL_NS) && look_after_all(files))
        continue;
    set(files, &files->has_ended);
    return NULL;
}

/* --- beginning and end ---------------------------------------------------------------------- */

static void init_lock(struct socket_files *files)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&files->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&files->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void copy_files(struct socket_files *files, const struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->n_files; i++)
        files->kept[files->n_kept++].file = listeners->files[i];
}

int socket_files_start(struct socket_files **ret, struct listeners *listeners,
                       struct worker *const *workers)
{
    struct socket_files *files;
    int r;

    *ret = NULL;
    if (listeners->n_files == 0)
        return 0;
    files = calloc(1, sizeof(*files));
    if (!files)
        return -ENOMEM;
    init_lock(files);
    files->listeners = listeners;
    files->new_fd = -1;
    files->permissions = listeners->options->permissions;
    files->n_workers = listeners->n_workers;
    copy_files(files, listeners);
    files->requests = calloc(files->n_workers, sizeof(*files->requests));
    for (unsigned i = 0; files->requests && i < files->n_workers; i++)
        files->requests[i] = (struct request){ files, workers[i], { .run = replace } };
    for (unsigned i = 0; files->requests && i < files->n_workers; i++)
        files->requests[i].task.arg = &files->requests[i];
    r = files->requests ? -pthread_create(&files->thread, NULL, run, files) : -ENOMEM;
    if (r < 0) {
        socket_files_free(files);
        return r;
    }
    *ret = files;
    return 0;
}

/* Let listeners_close() remove the files as they are now. */
static void give_back(struct socket_files *files)
{
    for (unsigned i = 0; i < files->n_kept; i++)
        files->listeners->files[i].file = files->kept[i].file.file;
}

void socket_files_stop(struct socket_files *files)
{
    if (!files)
        return;
    set(files, &files->is_stopping);
    if (wait_for(files, &files->has_ended, END_MAX_NS)) {
        pthread_join(files->thread, NULL);
        give_back(files);
        return;
    }
    /* It waits for a disk, as removing the files would, and still uses its memory. */
    pthread_detach(files->thread);
    files->is_stuck = true;
    files->listeners->n_files = 0;
}

void socket_files_free(struct socket_files *files)
{
    if (!files || files->is_stuck)
        return;
    if (files->new_fd >= 0)
        close(files->new_fd);
    pthread_cond_destroy(&files->changed);
    pthread_mutex_destroy(&files->lock);
    free(files->requests);
    free(files);
}
