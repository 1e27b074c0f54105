/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listeners
 *
 * Runs on the main thread, before other threads exist. A listener has
 *
 *      udp        at each of its addresses a socket per worker, all on one port (SO_REUSEPORT)
 *      tcp        at each of its addresses one listening socket, from which all workers accept
 *      unix       one such socket
 *      unixgram   one socket of one worker; several are spread over the workers
 */

#include "daemon/listeners.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/path.h"
#include "base/socket.h"
#include "input/receive.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

_Static_assert(LISTENING_MAX + 2 * LISTENERS_PER_PROTOCOL_MAX <= SOURCES_MAX,
               "a worker has room for its share, and for all Unix sockets");

static const struct {
    const char *name; /* in the log and in addresses */
    const char *flag;
} protocols[_LISTENER_PROTOCOL_N] = {
    [LISTENER_UDP] = { "udp", "--statsd.listen-udp" },
    [LISTENER_TCP] = { "tcp", "--statsd.listen-tcp" },
    [LISTENER_UNIXGRAM] = { "unixgram", "--statsd.listen-unixgram" },
    [LISTENER_UNIX] = { "unix", "--statsd.listen-unix" },
};

/* What to do about a socket file that cannot be made, if that depends on its path. */
static bool hint_at_path(const char *path, int error, struct buffer *out)
{
    struct slice missing = error == -ENOENT ? path_missing_folder(path) : SLICE("");
    struct slice folder = path_folder(path);

    if (missing.len)
        buffer_add_format(out, "there is no folder %.*s; make it, or choose another path",
                          (int)missing.len, missing.at);
    else if (error == -EACCES || error == -EROFS)
        buffer_add_format(out,
                          "udometer needs permission to make files in %.*s; grant it, or choose "
                          "another path",
                          (int)folder.len, folder.at);
    else if (error == -EEXIST && path_is_folder(path))
        buffer_add_format(out, "this is a folder; choose a path in it, such as %s/udometer", path);
    else if (error == -ENOTDIR)
        buffer_add_format(out, "a part of %.*s is not a folder; choose another path",
                          (int)folder.len, folder.at);
    return out->len > 0;
}

static const char *hint_at(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "another program uses it, or it was given twice; choose another address";
    case -EACCES:
        return "ports below 1024 need CAP_NET_BIND_SERVICE; grant it, or choose another port";
    case -EADDRNOTAVAIL: return "this machine does not have this address; choose another one";
    case -E2BIG:
        return "a name has at most 16 addresses, and all listeners 128; give fewer, by number";
    case -EEXIST:
        return "a file that is not a socket is in the way; remove it, or choose another path";
    case -ENAMETOOLONG: return "the path of a socket has at most 107 bytes; choose a shorter one";
    case -EPERM: return "only root may change the owner of a socket; see --statsd.unixsocket-owner";
    default: return "choose another address";
    }
}

int listeners_refuse(const char *flag, const char *address, int error)
{
    CLEANUP(buffer_deinit) struct buffer hint = { 0 };

    if (!strstr(flag, "unix") || !hint_at_path(address, error, &hint))
        buffer_add(&hint, slice_of(hint_at(error)));
    log_error("cannot listen", LOG_TEXT("flag", flag), LOG_TEXT("address", address),
              LOG_TEXT("error", address_error(error)), LOG_SLICE("hint", buffer_text(&hint)));
    return error;
}

/* Add a socket to the list, setting only what sockets of all protocols have. */
static struct listener_socket *add_socket(struct listeners *listeners, int fd, unsigned worker,
                                          const struct listener_options *listener)
{
    struct listener_socket *socket = &listeners->sockets[listeners->n_sockets++];

    *socket = (struct listener_socket){
        .socket = {
            .fd = fd,
            .reading = listener->reading,
            /* A single worker needs no times to keep gauges in order. */
            .needs_arrivals = listeners->n_workers > 1,
        },
        .worker = worker,
    };
    return socket;
}

static void set_address(struct listener_socket *socket, enum listener_protocol protocol)
{
    char text[SOCKET_TEXT_MAX];

    socket_describe(socket->socket.fd, text);
    snprintf(socket->address, sizeof(socket->address), "%s://%s", protocols[protocol].name, text);
}

/* Whether the socket at @i is another one of the same address as the one before. */
static bool is_repeated(const struct listeners *listeners, unsigned i)
{
    return i > 0 && strcmp(listeners->sockets[i].address, listeners->sockets[i - 1].address) == 0;
}

/* Log each address of a listener, whose sockets are those from @first on. */
static void log_listening(const struct listeners *listeners, unsigned first,
                          const struct listener_options *listener)
{
    const char *protocol = protocols[listener->protocol].name;

    for (unsigned i = first; i < listeners->n_sockets; i++)
        if (!is_repeated(listeners, i))
            log_info("listening", LOG_TEXT("protocol", protocol),
                     LOG_TEXT("address",
                              listeners->sockets[i].address + strlen(protocol) + strlen("://")),
                     LOG_TEXT("dialect", listener->reading.is_dogstatsd ? "dogstatsd" : "statsd"),
                     LOG_TEXT("counter", listener->reading.has_totals ? "absolute" : "increment"));
}

/* Close the sockets from @first on. */
static void close_from(struct listeners *listeners, unsigned first)
{
    for (unsigned i = first; i < listeners->n_sockets; i++) {
        int fd = listeners->sockets[i].socket.fd;

        /* A shared socket has one entry per worker. */
        if (i == first || fd != listeners->sockets[i - 1].socket.fd)
            close(fd);
    }
    listeners->n_sockets = first;
}

/* --- UDP and TCP ------------------------------------------------------------------------ */

/* A listener whose addresses are being opened. */
struct opening {
    struct listeners *listeners;
    const struct listener_options *listener;
    unsigned first; /* of its sockets */
};

static void undo(void *ctx)
{
    struct opening *opening = ctx;

    close_from(opening->listeners, opening->first);
}

static int open_all(struct listeners *listeners, const struct listener_options *listener,
                    int (*open)(void *ctx, const struct address *address))
{
    struct opening opening = { listeners, listener, listeners->n_sockets };
    const struct address_opener opener = { &opening, open, undo };
    struct address_list list;
    int r = address_parse_all(&list, listener->address);

    return r < 0 ? r : address_open_all(&list, &opener);
}

static bool is_full(const struct listeners *listeners)
{
    return listeners->n_sockets + listeners->n_workers > LISTENING_MAX * listeners->n_workers;
}

static int open_udp_at(void *ctx, const struct address *address)
{
    struct opening *opening = ctx;
    struct listeners *listeners = opening->listeners;
    int fds[CELLS_MAX] = { 0 }, r;

    if (is_full(listeners))
        return -E2BIG;
    r = socket_bind_udp(address, (int)listeners->options->read_buffer_bytes, listeners->n_workers,
                        fds);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < listeners->n_workers; i++) {
        struct listener_socket *socket = add_socket(listeners, fds[i], i, opening->listener);

        set_address(socket, LISTENER_UDP);
        if (socket->socket.needs_arrivals && r == 0)
            r = receive_stamp_arrivals(fds[i]);
    }
    return r < 0 ? r : fds[0];
}

static void warn_of_small_buffer(const struct listeners *listeners, const char *address, int fd)
{
    int granted = socket_read_buffer(fd);

    if (granted >= 0 && (uint64_t)granted >= listeners->options->read_buffer_bytes)
        return;
    log_warn("the kernel granted a smaller receive buffer", LOG_TEXT("address", address),
             LOG_UINT("asked_bytes", listeners->options->read_buffer_bytes),
             LOG_UINT("granted_bytes", (uint64_t)granted),
             LOG_TEXT("hint", "raise sysctl net.core.rmem_max, or grant CAP_NET_ADMIN"));
}

static int open_udp(struct listeners *listeners, const struct listener_options *listener)
{
    const struct listener_socket *first = &listeners->sockets[listeners->n_sockets];
    int r = open_all(listeners, listener, open_udp_at);

    /* Once for all its addresses: the kernel has one limit. */
    if (r == 0)
        warn_of_small_buffer(listeners, listener->address, first->socket.fd);
    return r;
}

/* Add one listening socket for all workers. */
static void share_socket(struct listeners *listeners, int fd,
                         const struct listener_options *listener)
{
    for (unsigned i = 0; i < listeners->n_workers; i++) {
        struct listener_socket *socket = add_socket(listeners, fd, i, listener);

        socket->socket.is_stream = true;
        socket->socket.may_have_frames = listener->protocol == LISTENER_UNIX;
        set_address(socket, listener->protocol);
    }
}

static int open_tcp_at(void *ctx, const struct address *address)
{
    struct opening *opening = ctx;
    int fd = is_full(opening->listeners) ? -E2BIG : address_listen(address);

    if (fd >= 0)
        share_socket(opening->listeners, fd, opening->listener);
    return fd;
}

/* --- Unix sockets ----------------------------------------------------------------------- */

static int bind_file(struct listeners *listeners, const char *path, int type)
{
    struct listener_file *file = &listeners->files[listeners->n_files];
    int fd = unix_bind(path, type, &listeners->options->permissions, &file->file);

    if (fd < 0)
        return fd;
    file->path = path;
    file->type = type;
    file->fd = fd;
    file->worker = 0;
    file->last_error = 0;
    if (!unix_is_abstract(path))
        listeners->n_files++;
    return fd;
}

static int open_unix(struct listeners *listeners, const struct listener_options *listener)
{
    int fd = bind_file(listeners, listener->address, SOCK_STREAM);

    if (fd < 0)
        return fd;
    share_socket(listeners, fd, listener);
    return 0;
}

/* Add one datagram socket. Each goes to another worker. Returns its entry. */
static const struct listener_socket *give_socket(struct listeners *listeners, int fd,
                                                 const struct listener_options *listener)
{
    unsigned worker = listeners->n_sockets % listeners->n_workers;
    struct listener_socket *socket = add_socket(listeners, fd, worker, listener);

    set_address(socket, listener->protocol);
    return socket;
}

static int open_unixgram(struct listeners *listeners, const struct listener_options *listener)
{
    struct listener_file *file = &listeners->files[listeners->n_files];
    int fd = bind_file(listeners, listener->address, SOCK_DGRAM);

    if (fd < 0)
        return fd;
    file->worker = give_socket(listeners, fd, listener)->worker;
    return 0;
}

/* --- passed sockets ------------------------------------------------------------------------- */

static int set_up_passed(const struct listeners *listeners, int fd, enum listener_protocol protocol)
{
    int r = 0;

    switch (protocol) {
    case LISTENER_UDP:
        r = socket_set_read_buffer(fd, (int)listeners->options->read_buffer_bytes);
        if (r == 0 && listeners->n_workers > 1)
            r = receive_stamp_arrivals(fd);
        break;
    case LISTENER_UNIX:
    case LISTENER_UNIXGRAM: unix_refuse_descriptors(fd); break;
    case LISTENER_TCP:
    case _LISTENER_PROTOCOL_N: break;
    }
    return r;
}

static int open_passed(struct listeners *listeners, const struct listener_options *listener)
{
    int fd = listener->passed_fd;
    int r = is_full(listeners) ? -E2BIG : set_up_passed(listeners, fd, listener->protocol);

    if (r < 0) {
        close(fd);
        return r;
    }
    if (listener_is_stream(listener->protocol))
        share_socket(listeners, fd, listener);
    else
        give_socket(listeners, fd, listener);
    if (listener->protocol == LISTENER_UDP)
        warn_of_small_buffer(listeners, listener->address, fd);
    return 0;
}

/* --- all of them ---------------------------------------------------------------------------- */

static int open_listener(struct listeners *listeners, const struct listener_options *listener)
{
    int r = 0;

    if (listener->passed_fd)
        return open_passed(listeners, listener);
    switch (listener->protocol) {
    case LISTENER_UDP: r = open_udp(listeners, listener); break;
    case LISTENER_TCP: r = open_all(listeners, listener, open_tcp_at); break;
    case LISTENER_UNIXGRAM: r = open_unixgram(listeners, listener); break;
    case LISTENER_UNIX: r = open_unix(listeners, listener); break;
    case _LISTENER_PROTOCOL_N: break;
    }
    return r;
}

/* Close what is not opened after a failure. */
static void close_passed(const struct listener_options *listener)
{
    if (listener->passed_fd)
        close(listener->passed_fd);
}

int listeners_open(struct listeners *listeners, const struct listeners_options *options,
                   unsigned n_workers)
{
    int r = 0;

    listeners->options = options;
    listeners->n_workers = n_workers;
    for (unsigned i = 0; i < options->n_listeners; i++) {
        const struct listener_options *listener = &options->listeners[i];
        const char *flag = listener->passed_fd ? "LISTEN_FDS" : protocols[listener->protocol].flag;
        unsigned first = listeners->n_sockets;

        if (r < 0) {
            close_passed(listener);
            continue;
        }
        r = open_listener(listeners, listener);
        if (r < 0)
            listeners_refuse(flag, listener->address, r);
        else
            log_listening(listeners, first, listener);
    }
    return r;
}

void listeners_close(struct listeners *listeners)
{
    /* First, because another daemon would take a closed socket's file for a stale one. */
    for (unsigned i = 0; i < listeners->n_files; i++)
        unix_remove(listeners->files[i].path, &listeners->files[i].file);
    close_from(listeners, 0);
    listeners->n_files = 0;
}

unsigned listeners_of_worker(struct listeners *listeners, unsigned worker,
                             struct source_socket ret[SOURCES_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; i < listeners->n_sockets; i++) {
        struct listener_socket *socket = &listeners->sockets[i];

        if (socket->worker != worker)
            continue;
        ret[n++] = socket->socket;
    }
    return n;
}

const char *listeners_udp_address(const struct listeners *listeners)
{
    static const char scheme[] = "udp://";

    for (unsigned i = 0; i < listeners->n_sockets; i++)
        if (strncmp(listeners->sockets[i].address, scheme, strlen(scheme)) == 0)
            return listeners->sockets[i].address + strlen(scheme);
    return NULL;
}
