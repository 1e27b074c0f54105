/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Address
 *
 * The last colon separates host and port, so only an IPv6 address needs brackets.
 *
 * A socket of IPv6 never receives IPv4, whatever net.ipv6.bindv6only says: both families have their
 * own sockets. So the list of addresses says all that is listened on, and an address in the log is
 * the one that a client can use.
 */

#include "base/address.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HOST_MAX 256
/* As many as the kernel allows: it takes less for net.core.somaxconn. */
#define BACKLOG INT_MAX

/* How often to try to find a port that is free at all addresses of a list. */
#define PORT_TRIES 16

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
    /* No host has these, and no name server should be asked. */
    return host[strcspn(host, " \t\n/")] == '\0';
}

static bool is_port(const char *text)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 5)
        return false;
    return strtoul(text, &end, 10) <= 65535 && *end == '\0';
}

/* Add an address that the list does not have yet. Returns 0, or -E2BIG when the list is full. */
static int add(struct address_list *list, const struct sockaddr *sa, socklen_t len)
{
    struct address *address = &list->items[list->n];

    for (unsigned i = 0; i < list->n; i++)
        if (list->items[i].len == len && memcmp(&list->items[i].any, sa, len) == 0)
            return 0;
    if (list->n == ADDRESSES_MAX)
        return -E2BIG;
    *address = (struct address){ .len = len };
    memcpy(&address->storage, sa, len);
    list->n++;
    return 0;
}

static int look_up(struct address_list *list, const char *host, const char *port)
{
    /* One answer for each address instead of one for each protocol. */
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found;
    int r = getaddrinfo(host, port, &hints, &found);

    if (r != 0)
        return r == EAI_AGAIN ? -ENONET : r == EAI_MEMORY ? -ENOMEM : -ENXIO;
    for (const struct addrinfo *at = found; at && r == 0; at = at->ai_next)
        r = add(list, at->ai_addr, at->ai_addrlen);
    freeaddrinfo(found);
    return r;
}

static int look_up_both(struct address_list *list, const char *v4, const char *v6, const char *port)
{
    int r = look_up(list, v4, port);

    return r < 0 ? r : look_up(list, v6, port);
}

static bool is_every_ipv6(const struct address *address)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;

    return v6->sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static int list_addresses(struct address_list *list, const char *host, const char *port)
{
    int r;

    if (host[0] == '\0' || strcmp(host, "*") == 0)
        return look_up_both(list, "0.0.0.0", "::", port);
    if (strcasecmp(host, "localhost") == 0)
        return look_up_both(list, "127.0.0.1", "::1", port);
    r = look_up(list, host, port);
    if (r == 0 && is_every_ipv6(&list->items[0]))
        r = look_up(list, "0.0.0.0", port);
    return r;
}

/* Take the parts of @text. Returns 0 or -EINVAL. */
static int cut(const char *text, char host[HOST_MAX], const char **ret_port)
{
    const char *colon = strrchr(text, ':');

    if (!colon || !is_port(colon + 1) || !take_host(text, colon, host))
        return -EINVAL;
    *ret_port = colon + 1;
    return 0;
}

/* Whether no name has these characters alone: the host is an address, or wrong. */
static bool is_by_number(const char *host)
{
    return host[0] != '\0' && (strchr(host, ':') || host[strspn(host, "0123456789.")] == '\0');
}

int address_check(const char *text)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *found;
    char host[HOST_MAX];
    const char *port;
    int r = cut(text, host, &port);

    if (r < 0 || !is_by_number(host))
        return r;
    r = getaddrinfo(host, port, &hints, &found);
    if (r != 0)
        return r == EAI_MEMORY ? -ENOMEM : -ENXIO;
    freeaddrinfo(found);
    return 0;
}

int address_parse_all(struct address_list *ret, const char *text)
{
    struct address_list list = { .n = 0 };
    char host[HOST_MAX];
    const char *port;
    int r = cut(text, host, &port);

    if (r < 0)
        return r;
    r = list_addresses(&list, host, port);
    if (r == 0)
        *ret = list;
    return r;
}

int address_parse(struct address *ret, const char *text)
{
    struct address_list list;
    int r = address_parse_all(&list, text);

    if (r == 0)
        *ret = list.items[0];
    return r;
}

const char *address_error(int error)
{
    if (error == -ENXIO)
        return "unknown host";
    return error == -ENONET ? "unknown host: no name server answers" : strerror(-error);
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

int address_socket(const struct address *address, int type)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
    int fd = socket(address->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int is_v6_only = 1;

    if (fd < 0)
        return -errno;
    if (address->any.sa_family != AF_INET6)
        return fd;
    /* An IPv4 address in IPv6 form is one of IPv4 to the kernel. */
    is_v6_only = !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_v6_only, sizeof(is_v6_only)) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    return fd;
}

int address_listen(const struct address *address)
{
    int fd = address_socket(address, SOCK_STREAM), on = 1, r = 0;

    if (fd < 0)
        return fd;
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

/* --- opening all of a list ------------------------------------------------------------------- */

static in_port_t *port_of(struct address *address)
{
    return address->any.sa_family == AF_INET6
               ? &((struct sockaddr_in6 *)&address->storage)->sin6_port
               : &((struct sockaddr_in *)&address->storage)->sin_port;
}

/* Whether this machine lacks the address, or even its family. */
static bool is_missing(int error)
{
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* Open each address once. On an error some are open. */
static int try_all(const struct address_list *list, const struct address_opener *opener)
{
    in_port_t port = 0;
    unsigned n_open = 0;
    int missing = 0;

    for (unsigned i = 0; i < list->n; i++) {
        struct address address = list->items[i], bound = { .len = 0 };
        int fd;

        if (*port_of(&address) == 0)
            *port_of(&address) = port;
        fd = opener->open(opener->ctx, &address);
        if (is_missing(fd)) {
            missing = fd;
            continue;
        }
        if (fd < 0)
            return fd;
        if (n_open++ == 0 && address_of_socket(&bound, fd) == 0)
            port = *port_of(&bound);
    }
    return n_open > 0 ? 0 : missing;
}

int address_open_all(const struct address_list *list, const struct address_opener *opener)
{
    struct address first = list->items[0];
    bool is_port_free = *port_of(&first) == 0;
    int r, n_tries = 0;

    /* The port that the kernel chose for the first address may be in use at another. */
    do {
        r = try_all(list, opener);
        if (r < 0)
            opener->undo(opener->ctx);
    } while (r == -EADDRINUSE && is_port_free && ++n_tries < PORT_TRIES);
    return r;
}
