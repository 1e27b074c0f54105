/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HTTP sockets
 *
 * Runs on the main thread, before other threads exist.
 */

#include "daemon/http_sockets.h"

#include "base/log.h"
#include "daemon/listeners.h"

#include <stdio.h>
#include <unistd.h>

static int open_at(void *ctx, const struct address *address)
{
    struct http_sockets *sockets = ctx;
    int fd = address_listen(address);

    if (fd >= 0)
        sockets->fds[sockets->n++] = fd;
    return fd;
}

static void undo(void *ctx)
{
    http_sockets_close(ctx);
}

static void log_listening(struct http_sockets *sockets)
{
    for (unsigned i = 0; i < sockets->n; i++) {
        char text[ADDRESS_TEXT_MAX] = "?";
        struct address bound;

        if (address_of_socket(&bound, sockets->fds[i]) == 0)
            address_format(&bound, text);
        if (i == 0)
            snprintf(sockets->address, sizeof(sockets->address), "%s", text);
        log_info("listening", LOG_TEXT("protocol", "http"), LOG_TEXT("address", text));
    }
}

int http_sockets_open(struct http_sockets *sockets, const char *text)
{
    const struct address_opener opener = { sockets, open_at, undo };
    struct address_list list;
    int r = address_parse_all(&list, text);

    sockets->n = 0;
    if (r == 0)
        r = address_open_all(&list, &opener);
    if (r < 0)
        return listeners_refuse("--web.listen-address", text, r);
    log_listening(sockets);
    return 0;
}

void http_sockets_close(struct http_sockets *sockets)
{
    for (unsigned i = 0; i < sockets->n; i++)
        close(sockets->fds[i]);
    sockets->n = 0;
}
