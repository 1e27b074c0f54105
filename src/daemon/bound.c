/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bound
 *
 * A group is found by its first socket, and a socket that was taken over by its descriptor: both
 * have it open as long as either is.
 */

#include "daemon/bound.h"

#include "base/socket.h"
#include "input/receive.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

_Static_assert(LISTENING_MAX + 2 * LISTENERS_PER_PROTOCOL_MAX <= SOURCES_MAX,
               "a worker has room for its share, and for all Unix sockets");

/* A listener whose sockets are being opened. */
struct opening {
    struct bound *bound;
    const struct listener_options *listener;
    unsigned number;
    unsigned first; /* of its sockets */
};

/* A Unix socket that was made here would give the temporary name of its file (base/unix.c). */
static void set_address(struct listener_socket *socket, const struct listener_options *listener)
{
    const char *address = listener->address;
    char text[SOCKET_TEXT_MAX];

    if (listener->passed_fd || listener_has_host(listener->protocol)) {
        socket_describe(socket->socket.fd, text);
        address = text;
    }
    snprintf(socket->address, sizeof(socket->address), "%s://%s",
             listener_scheme(listener->protocol), address);
}

/* Add a socket to the list, setting only what sockets of all protocols have. */
static struct listener_socket *add_socket(const struct opening *opening, int fd, unsigned worker)
{
    struct bound *bound = opening->bound;
    struct listener_socket *socket = &bound->sockets[bound->n_sockets++];

    *socket = (struct listener_socket){
        .socket = {
            .fd = fd,
            .reading = opening->listener->reading,
            /* A single worker needs no times to keep gauges in order. */
            .needs_arrivals = bound->options.n_workers > 1,
        },
        .worker = worker,
        .listener = opening->number,
        .is_new = true,
    };
    set_address(socket, opening->listener);
    return socket;
}

static bool is_full(const struct bound *bound)
{
    return bound->n_sockets + bound->options.n_workers > LISTENING_MAX * bound->options.n_workers;
}

/* Close the sockets from @first on. */
static void close_from(struct bound *bound, unsigned first)
{
    for (unsigned i = first; i < bound->n_sockets; i++) {
        int fd = bound->sockets[i].socket.fd;

        /* A shared socket has one entry per worker. */
        if (i == first || fd != bound->sockets[i - 1].socket.fd)
            close(fd);
    }
    bound->n_sockets = first;
}

/* --- UDP and TCP ------------------------------------------------------------------------ */

static void undo(void *ctx)
{
    struct opening *opening = ctx;

    close_from(opening->bound, opening->first);
}

static int open_udp_at(void *ctx, const struct address *address)
{
    struct opening *opening = ctx;
    const struct bound_options *options = &opening->bound->options;
    int fds[CELLS_MAX] = { 0 }, r;

    if (is_full(opening->bound))
        return -E2BIG;
    r = socket_bind_udp(address, (int)options->read_buffer_bytes, options->n_workers, fds);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < options->n_workers; i++) {
        const struct listener_socket *socket = add_socket(opening, fds[i], i);

        if (socket->socket.needs_arrivals && r == 0)
            r = receive_stamp_arrivals(fds[i]);
    }
    return r < 0 ? r : fds[0];
}

/* Add one listening socket for all workers. */
static void share_socket(const struct opening *opening, int fd)
{
    for (unsigned i = 0; i < opening->bound->options.n_workers; i++) {
        struct listener_socket *socket = add_socket(opening, fd, i);

        socket->socket.is_stream = true;
        socket->socket.may_have_frames = opening->listener->protocol == LISTENER_UNIX;
    }
}

static int open_tcp_at(void *ctx, const struct address *address)
{
    struct opening *opening = ctx;
    int fd = is_full(opening->bound) ? -E2BIG : address_listen(address);

    if (fd >= 0)
        share_socket(opening, fd);
    return fd;
}

/* --- Unix sockets ----------------------------------------------------------------------- */

/* Returns the descriptor or negative errno; and the file, NULL if it has none. */
static int bind_file(struct bound *bound, const char *path, int type, struct listener_file **ret)
{
    struct listener_file *file = &bound->files[bound->n_files];
    struct unix_file made;
    int fd = unix_bind(path, type, &bound->options.permissions, &made);

    if (fd < 0 || unix_is_abstract(path))
        return fd;
    *file = (struct listener_file){ .file = made, .type = type, .fd = fd };
    snprintf(file->path, sizeof(file->path), "%s", path);
    bound->n_files++;
    *ret = file;
    return fd;
}

static int open_unix(const struct opening *opening)
{
    struct listener_file *file = NULL;
    int fd = bind_file(opening->bound, opening->listener->address, SOCK_STREAM, &file);

    if (fd < 0)
        return fd;
    share_socket(opening, fd);
    return 0;
}

/* Whether it is the only socket of its group, so that its worker receives all of it. */
static bool is_single(const struct bound *bound, unsigned i)
{
    return !bound->sockets[i].socket.is_stream && bound_count_group(bound, i) == 1;
}

/* The worker that has the fewest such sockets. */
static unsigned choose_worker(const struct bound *bound)
{
    unsigned n_single[CELLS_MAX] = { 0 }, best = 0;

    for (unsigned i = 0; i < bound->n_sockets; i += bound_count_group(bound, i))
        n_single[bound->sockets[i].worker] += is_single(bound, i);
    for (unsigned i = 1; i < bound->options.n_workers; i++)
        best = n_single[i] < n_single[best] ? i : best;
    return best;
}

/* Add one datagram socket, of one worker. Returns its entry. */
static const struct listener_socket *give_socket(const struct opening *opening, int fd)
{
    return add_socket(opening, fd, choose_worker(opening->bound));
}

static int open_unixgram(const struct opening *opening)
{
    struct listener_file *file = NULL;
    int fd = bind_file(opening->bound, opening->listener->address, SOCK_DGRAM, &file);
    const struct listener_socket *socket;

    if (fd < 0)
        return fd;
    socket = give_socket(opening, fd);
    if (file)
        file->worker = socket->worker;
    return 0;
}

/* --- passed sockets ------------------------------------------------------------------------- */

static int set_up_passed(const struct bound *bound, int fd, enum listener_protocol protocol)
{
    int r = 0;

    switch (protocol) {
    case LISTENER_UDP:
        r = socket_set_read_buffer(fd, (int)bound->options.read_buffer_bytes);
        if (r == 0 && bound->options.n_workers > 1)
            r = receive_stamp_arrivals(fd);
        break;
    case LISTENER_UNIX:
    case LISTENER_UNIXGRAM: unix_refuse_descriptors(fd); break;
    case LISTENER_TCP:
    case _LISTENER_PROTOCOL_N: break;
    }
    return r;
}

static int open_passed(const struct opening *opening)
{
    int fd = opening->listener->passed_fd;
    int r = is_full(opening->bound)
                ? -E2BIG
                : set_up_passed(opening->bound, fd, opening->listener->protocol);

    if (r < 0) {
        close(fd);
        return r;
    }
    if (listener_is_stream(opening->listener->protocol))
        share_socket(opening, fd);
    else
        give_socket(opening, fd);
    return 0;
}

/* --- all of them ---------------------------------------------------------------------------- */

int bound_open(struct bound *bound, const struct listener_options *listener, unsigned number,
               const struct address_list *addresses)
{
    struct opening opening = { bound, listener, number, bound->n_sockets };
    struct address_opener opener = { &opening, open_udp_at, undo };
    int r = 0;

    if (listener->passed_fd)
        return open_passed(&opening);
    switch (listener->protocol) {
    case LISTENER_UDP: r = address_open_all(addresses, &opener); break;
    case LISTENER_TCP:
        opener.open = open_tcp_at;
        r = address_open_all(addresses, &opener);
        break;
    case LISTENER_UNIXGRAM: r = open_unixgram(&opening); break;
    case LISTENER_UNIX: r = open_unix(&opening); break;
    case _LISTENER_PROTOCOL_N: break;
    }
    return r;
}

static bool is_same_group(const struct listener_socket *a, const struct listener_socket *b)
{
    return a->listener == b->listener && strcmp(a->address, b->address) == 0;
}

unsigned bound_count_group(const struct bound *bound, unsigned first)
{
    unsigned end = first + 1;

    while (end < bound->n_sockets && is_same_group(&bound->sockets[first], &bound->sockets[end]))
        end++;
    return end - first;
}

bool bound_has(const struct bound *bound, int fd)
{
    for (unsigned i = 0; i < bound->n_sockets; i++)
        if (bound->sockets[i].socket.fd == fd)
            return true;
    return false;
}

void bound_take(struct bound *bound, const struct bound *from, unsigned first, unsigned number,
                const struct pipeline_reading *reading)
{
    unsigned n = bound_count_group(from, first);
    int fd = from->sockets[first].socket.fd;

    for (unsigned i = first; i < first + n; i++) {
        struct listener_socket *socket = &bound->sockets[bound->n_sockets++];

        *socket = from->sockets[i];
        socket->socket.reading = *reading;
        socket->listener = number;
        socket->is_new = false;
    }
    for (unsigned i = 0; i < from->n_files; i++)
        if (from->files[i].fd == fd)
            bound->files[bound->n_files++] = from->files[i];
}

/* --- the end of some, or of all --------------------------------------------------------------- */

/* Take out those that @other has, or if it is NULL, those that were taken over. */
static void remove_some(struct bound *bound, const struct bound *other)
{
    unsigned n_sockets = 0, n_files = 0;

    for (unsigned i = 0; i < bound->n_sockets; i++) {
        const struct listener_socket *socket = &bound->sockets[i];

        if (other ? !bound_has(other, socket->socket.fd) : socket->is_new)
            bound->sockets[n_sockets++] = *socket;
    }
    bound->n_sockets = n_sockets;
    for (unsigned i = 0; i < bound->n_files; i++)
        if (bound_has(bound, bound->files[i].fd))
            bound->files[n_files++] = bound->files[i];
    bound->n_files = n_files;
}

void bound_remove_shared(struct bound *bound, const struct bound *other)
{
    remove_some(bound, other);
}

void bound_remove_taken(struct bound *bound)
{
    remove_some(bound, NULL);
}

void bound_close(struct bound *bound)
{
    /* First, because another daemon would take a closed socket's file for a stale one. */
    for (unsigned i = 0; i < bound->n_files; i++)
        unix_remove(bound->files[i].path, &bound->files[i].file);
    bound->n_files = 0;
    close_from(bound, 0);
}
