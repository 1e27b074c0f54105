/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Address
 *
 * The last colon separates host and port, so only an IPv6 address needs brackets.
 */

#include "base/address.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 256
#define BACKLOG 128

/* Copy the host of @text without brackets. Returns false when it is malformed. */
static bool take_host(const char *text, const char *colon, char host[HOST_MAX])
{
    size_t len = (size_t)(colon - text);

    bool has_brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';

    if (has_brackets) {
        text++;
        len -= 2;
    }
    /* Brackets are for IPv6 addresses, and only those contain colons. */
    if (has_brackets != (memchr(text, ':', len) != NULL))
        return false;
    if (len >= HOST_MAX || memchr(text, '[', len) || memchr(text, ']', len))
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    return true;
}

static bool is_port(const char *text)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 5)
        return false;
    return strtoul(text, &end, 10) <= 65535 && *end == '\0';
}

int address_parse(struct address *ret, const char *text)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    const char *colon = strrchr(text, ':');
    struct addrinfo *found;
    char host[HOST_MAX];

    if (!colon || !is_port(colon + 1) || !take_host(text, colon, host))
        return -EINVAL;
    hints.ai_socktype = SOCK_DGRAM; /* one answer per address instead of one per protocol */
    if (getaddrinfo(host[0] ? host : "0.0.0.0", colon + 1, &hints, &found) != 0)
        return -EADDRNOTAVAIL;
    memcpy(&ret->any, found->ai_addr, found->ai_addrlen);
    ret->len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    const struct sockaddr *sa = &address->any;
    char host[64], port[8];

    if (getnameinfo(sa, address->len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(out, ADDRESS_TEXT_MAX, "?");
    else if (sa->sa_family == AF_INET6)
        snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%s", host, port);
    else
        snprintf(out, ADDRESS_TEXT_MAX, "%s:%s", host, port);
}

int address_of_socket(struct address *ret, int fd)
{
    struct address address = { .len = sizeof(address.storage) };

    if (getsockname(fd, &address.any, &address.len) < 0)
        return -errno;
    *ret = address;
    return 0;
}

int address_listen(const struct address *address)
{
    int fd, on = 1, r = 0;

    fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* A restart must not have to wait for old connections to time out. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, &address->any, address->len) < 0 || listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}
