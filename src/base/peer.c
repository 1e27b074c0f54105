/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Peer
 *
 * The kernel's form is kept until somebody reads it: most senders are never shown.
 */

#include "base/peer.h"

#include "base/address.h"
#include "base/hash.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

_Static_assert(sizeof(struct sockaddr_in6) <= PEER_ADDRESS_MAX, "an IPv6 address fits");
_Static_assert(sizeof(struct sockaddr_un) <= PEER_ADDRESS_MAX, "a Unix address fits");

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

struct peer peer_of_address(const struct sockaddr *address, socklen_t len)
{
    struct peer peer = { .len = len < PEER_ADDRESS_MAX ? len : PEER_ADDRESS_MAX };

    memcpy(peer.bytes, address, peer.len);
    return peer;
}

void peer_add_process(struct peer *peer, int fd)
{
    struct ucred process;
    socklen_t len = sizeof(process);

    /* Other sockets have this option, too, but name no process. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &process, &len) < 0 || process.uid == (uid_t)-1)
        return;
    peer->has_process = true;
    peer->pid = process.pid;
    peer->uid = process.uid;
}

/* @host without what says that it is an IPv4 address in IPv6 form (RFC 4291, section 2.5.5.2). */
static struct slice unmapped(struct slice host)
{
    const struct slice prefix = SLICE("\0\0\0\0\0\0\0\0\0\0\xff\xff");

    if (!slice_starts_with(host, prefix))
        return host;
    return (struct slice){ host.at + prefix.len, host.len - prefix.len };
}

/* The part of the address that names the host or the socket. */
static struct slice host_of(const struct peer *peer)
{
    switch (peer->len < sizeof(sa_family_t) ? AF_UNSPEC : peer->any.sa_family) {
    case AF_INET:
        return (struct slice){ peer->bytes + offsetof(struct sockaddr_in, sin_addr),
                               sizeof(struct in_addr) };
    case AF_INET6:
        return unmapped((struct slice){ peer->bytes + offsetof(struct sockaddr_in6, sin6_addr),
                                        sizeof(struct in6_addr) });
    case AF_UNIX:
        if (peer->len > PATH_AT)
            return (struct slice){ peer->bytes + PATH_AT, peer->len - PATH_AT };
        break;
    default: break;
    }
    return SLICE("");
}

static bool has_ip_address(const struct peer *peer)
{
    return peer->len >= sizeof(sa_family_t) &&
           (peer->any.sa_family == AF_INET || peer->any.sa_family == AF_INET6);
}

/* In network byte order; 0 if it has none. */
static uint16_t port_of(const struct peer *peer)
{
    uint16_t port;

    _Static_assert(offsetof(struct sockaddr_in, sin_port) ==
                       offsetof(struct sockaddr_in6, sin6_port),
                   "ports are at one place");
    if (!has_ip_address(peer))
        return 0;
    memcpy(&port, peer->bytes + offsetof(struct sockaddr_in, sin_port), sizeof(port));
    return port;
}

uint64_t peer_hash_host(const struct peer *peer, uint64_t seed)
{
    return hash_bytes(has_ip_address(peer) ? host_of(peer) : SLICE(""), seed);
}

uint64_t peer_hash_socket(const struct peer *peer, uint64_t seed)
{
    return peer_hash(peer, seed + port_of(peer));
}

uint64_t peer_hash(const struct peer *peer, uint64_t seed)
{
    const uint64_t process[2] = { (uint64_t)peer->pid, peer->uid };
    const struct slice bytes = { (const char *)process, sizeof(process) };

    return hash_bytes(peer->has_process ? bytes : host_of(peer), seed);
}

static void write_path(struct slice path, struct buffer *out)
{
    /* The kernel counts the NUL at the end of a path, but there is none after an abstract name. */
    if (path.len && path.at[0])
        path.len = strnlen(path.at, path.len);
    for (size_t i = 0; i < path.len; i++)
        buffer_add_char(out, path.at[i] ? path.at[i] : '@');
}

static void write_address(const struct peer *peer, bool has_port, struct buffer *out)
{
    struct address address = { .len = peer->len };
    char text[ADDRESS_TEXT_MAX];
    struct slice part;
    const char *colon;

    memcpy(&address.storage, peer->bytes, peer->len);
    address_format(&address, text);
    part = slice_of(text);
    colon = strrchr(text, ':');
    if (!has_port && colon) {
        part.len = (size_t)(colon - text);
        if (text[0] == '[')
            part = (struct slice){ text + 1, part.len - 2 };
    }
    buffer_add(out, part);
}

static void write_peer(const struct peer *peer, bool has_port, struct buffer *out)
{
    if (peer->has_process && peer->pid)
        buffer_add_format(out, "pid %ld, uid %lu", (long)peer->pid, (unsigned long)peer->uid);
    else if (peer->has_process)
        buffer_add_format(out, "uid %lu", (unsigned long)peer->uid);
    else if (host_of(peer).len == 0)
        return;
    else if (peer->any.sa_family == AF_UNIX)
        write_path(host_of(peer), out);
    else
        write_address(peer, has_port, out);
}

void peer_write(const struct peer *peer, struct buffer *out)
{
    write_peer(peer, true, out);
}

void peer_write_host(const struct peer *peer, struct buffer *out)
{
    write_peer(peer, false, out);
}
