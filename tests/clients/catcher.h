/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Catcher: a socket that stands in for a udometer, and what has fallen into it
 *
 * On the loopback a datagram is there when send() returns: what was flushed can be read at once.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "udometer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A case without fixture. */
#define CASE(name) cmocka_unit_test(name)

struct catcher {
    int fd;
    char url[64];
    size_t n_datagrams, longest; /* of all that were read */
};

/* What the developer may have set for clients would change what this one sends. */
static inline void clear_environment(void)
{
    static const char *const NAMES[] = {
        "UDOMETER_URL",     "UDOMETER_PREFIX", "UDOMETER_TAGS", "UDOMETER_DEBUG",
        "DD_DOGSTATSD_URL", "DD_AGENT_HOST",   "STATSD_HOST",   "DD_TAGS",
        "DD_ENV",           "DD_SERVICE",      "DD_VERSION",
    };

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        unsetenv(NAMES[i]);
}

static inline struct catcher catcher_open(void)
{
    struct catcher catcher = { .fd = socket(AF_INET, SOCK_DGRAM, 0) };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int room = 8 << 20;

    clear_environment();
    assert_true(catcher.fd >= 0);
    /* As root; otherwise the usual room has to do. */
    setsockopt(catcher.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    assert_int_equal(bind(catcher.fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(catcher.fd, (struct sockaddr *)&address, &len), 0);
    snprintf(catcher.url, sizeof(catcher.url), "udp://127.0.0.1:%d", ntohs(address.sin_port));
    return catcher;
}

/* The next datagram as a string, or false: there is none. */
static inline bool catcher_read(struct catcher *catcher, char *out, size_t size)
{
    ssize_t n = recv(catcher->fd, out, size - 1, MSG_DONTWAIT);

    if (n < 0)
        return false;
    out[n] = '\0';
    catcher->n_datagrams++;
    if ((size_t)n > catcher->longest)
        catcher->longest = (size_t)n;
    return true;
}

/* All that has come, in one string, which is overwritten by the next call. */
static inline const char *catcher_read_all(struct catcher *catcher)
{
    static char text[1 << 20];
    size_t len = 0;

    text[0] = '\0';
    while (catcher_read(catcher, text + len, sizeof(text) - len))
        len += strlen(text + len);
    return text;
}

static inline void catcher_wait(const struct catcher *catcher)
{
    struct pollfd event = { .fd = catcher->fd, .events = POLLIN };

    assert_int_equal(poll(&event, 1, 60000), 1);
}

/* Flush, and see that exactly @expected has come. */
#define assert_sends(client, catcher, expected)                                                    \
    do {                                                                                           \
        udom_flush(client);                                                                        \
        assert_string_equal(catcher_read_all(catcher), expected);                                  \
    } while (0)

static inline void catcher_close(struct catcher *catcher)
{
    close(catcher->fd);
}

/* A client that does nothing by itself. */
static inline struct udom *open_quiet(const struct catcher *catcher, unsigned flags)
{
    struct udom_options options = { .url = catcher->url, .flags = flags | UDOM_NO_THREAD };
    struct udom *client = udom_open(&options);

    assert_non_null(client);
    return client;
}

static inline struct udom_stats stats_of(struct udom *client)
{
    struct udom_stats stats;

    udom_get_stats(client, &stats);
    return stats;
}
