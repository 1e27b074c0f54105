/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passed
 *
 * The variables are inherited by all descendants of the process for which they were made, so they
 * count only if LISTEN_PID is ours.
 */

#include "daemon/passed.h"

#include "base/log.h"
#include "base/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_FD 3

static const char *const variables[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };

/* The number that the variable holds, or -1 if it holds none. */
static long number_in(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    long number;

    if (!text || text[0] < '0' || text[0] > '9')
        return -1;
    errno = 0;
    number = strtol(text, &end, 10);
    return *end == '\0' && errno == 0 ? number : -1;
}

bool passed_is(const struct passed_socket *socket, const char *name)
{
    return strcmp(socket->name, name) == 0;
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -errno : value;
}

/* Find out what @socket is. Returns 0 or negative errno. */
static int examine(struct passed_socket *socket)
{
    int type = option_of(socket->fd, SO_TYPE), flags;

    socket->domain = option_of(socket->fd, SO_DOMAIN);
    socket->is_stream = type == SOCK_STREAM;
    if (type < 0)
        return type;
    if (socket->domain != AF_INET && socket->domain != AF_INET6 && socket->domain != AF_UNIX)
        return -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (socket->is_stream && option_of(socket->fd, SO_ACCEPTCONN) != 1)
        return -EINVAL;
    flags = fcntl(socket->fd, F_GETFL);
    if (flags < 0 || fcntl(socket->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(socket->fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static int refuse(const struct passed_socket *socket, int error)
{
    log_error("cannot use a socket that was passed to this process",
              LOG_UINT("descriptor", (uint64_t)socket->fd), LOG_TEXT("name", socket->name),
              LOG_TEXT("error", strerror(-error)),
              LOG_TEXT("hint", "it must be a datagram socket, or a stream socket that listens; in "
                               "a socket unit of systemd, ListenDatagram= or ListenStream= with "
                               "Accept=no"));
    return error;
}

static int take(struct passed *passed, unsigned n)
{
    const char *text = getenv(variables[2]);
    struct slice names = slice_of(text ? text : "");
    int r = 0;

    for (unsigned i = 0; i < n; i++) {
        struct passed_socket *socket = &passed->sockets[passed->n++];
        struct slice name = slice_cut(&names, ':');

        *socket = (struct passed_socket){ .fd = FIRST_FD + (int)i };
        snprintf(socket->name, sizeof(socket->name), "%.*s", (int)name.len, name.at);
        if (r == 0) {
            r = examine(socket);
            if (r < 0)
                refuse(socket, r);
        }
    }
    return r;
}

static void forget_variables(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
}

int passed_take(struct passed *ret)
{
    long n = number_in(variables[1]);
    int r = 0;

    ret->n = 0;
    if (number_in(variables[0]) != getpid() || n == 0) {
        forget_variables();
        return 0;
    }
    if (n < 0 || n > PASSED_MAX) {
        log_error("cannot take the sockets that were passed to this process",
                  LOG_TEXT("LISTEN_FDS", getenv(variables[1]) ? getenv(variables[1]) : ""),
                  LOG_UINT("most", PASSED_MAX), LOG_TEXT("hint", "pass fewer sockets"));
        r = -E2BIG;
    } else {
        r = take(ret, (unsigned)n);
    }
    forget_variables();
    if (r < 0)
        passed_close(ret);
    return r;
}

void passed_close(struct passed *passed)
{
    for (unsigned i = 0; i < passed->n; i++)
        close(passed->sockets[i].fd);
    passed->n = 0;
}
