/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HTTP sockets
 *
 * Runs on the main thread, before other threads exist.
 */

#include "daemon/http_sockets.h"

#include "base/log.h"
#include "base/socket.h"
#include "daemon/listener.h"

#include <stdio.h>
#include <unistd.h>

/* The sockets, and how many of them had been taken. */
struct opening {
    struct http_sockets *sockets;
    unsigned n_taken;
};

static int open_at(void *ctx, const struct address *address)
{
    struct opening *opening = ctx;
    int fd = address_listen(address);

    if (fd >= 0)
        http_sockets_take(opening->sockets, fd);
    return fd;
}

static void undo(void *ctx)
{
    struct opening *opening = ctx;

    while (opening->sockets->n > opening->n_taken)
        close(opening->sockets->fds[--opening->sockets->n]);
}

static void log_listening(struct http_sockets *sockets)
{
    for (unsigned i = 0; i < sockets->n; i++) {
        char text[SOCKET_TEXT_MAX];

        socket_describe(sockets->fds[i], text);
        if (i == 0)
            snprintf(sockets->address, sizeof(sockets->address), "%s", text);
        log_info("listening", LOG_TEXT("protocol", "http"), LOG_TEXT("address", text));
    }
}

static int open_all(struct http_sockets *sockets, const char *text)
{
    struct opening opening = { sockets, sockets->n };
    const struct address_opener opener = { &opening, open_at, undo };
    struct address_list list;
    int r = address_parse_all(&list, text);

    return r < 0 ? r : address_open_all(&list, &opener);
}

void http_sockets_take(struct http_sockets *sockets, int fd)
{
    sockets->fds[sockets->n++] = fd;
}

int http_sockets_open(struct http_sockets *sockets, const char *text)
{
    int r = text ? open_all(sockets, text) : 0;

    if (r < 0)
        return listener_refuse("--web.listen-address", text, r);
    log_listening(sockets);
    return 0;
}

void http_sockets_close(struct http_sockets *sockets)
{
    for (unsigned i = 0; i < sockets->n; i++)
        close(sockets->fds[i]);
    sockets->n = 0;
}
